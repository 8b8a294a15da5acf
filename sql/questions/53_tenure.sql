-- With the inventory: which share of the numbers is not ported after one, two and three years in service?
-- mart: agg_number_tenure
-- The share of the greatest age up to each year; few numbers at risk make it uncertain.
with years as (
    select distinct breakdown, value, 365 * ceil(days / 365.0) as days_in_service
    from marts.agg_number_tenure
    where days <= 3 * 365
),

steps as (
    select
        years.breakdown,
        years.value,
        years.days_in_service,
        tenure.at_risk,
        tenure.still_held_share,
        row_number() over (
            partition by years.breakdown, years.value, years.days_in_service order by tenure.days desc
        ) as place,
    from years
    inner join marts.agg_number_tenure as tenure
        on tenure.breakdown = years.breakdown
        and tenure.value = years.value
        and tenure.days <= years.days_in_service
)

select breakdown, value, days_in_service, at_risk as at_risk_then, round(still_held_share, 4) as still_held_share
from steps
where place = 1 and days_in_service > 0
order by breakdown, value, days_in_service
