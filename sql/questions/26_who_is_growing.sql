-- Which carriers gain more than three months ago?
-- mart: agg_carriers_gained_monthly, dim_days
-- Compares the last three whole months with the three before; the month of as_of is not over.
with today as (
    select max(month) as month
    from marts.dim_days
),

months as (
    select
        gained.carrier_id,
        gained.carrier_name,
        gained.numbers_ported,
        date_diff('month', gained.month, today.month) as months_ago,
    from marts.agg_carriers_gained_monthly as gained
    cross join today
),

compared as (
    select
        carrier_id,
        carrier_name,
        sum(case when months_ago between 1 and 3 then numbers_ported else 0 end) as last_three_months,
        sum(case when months_ago between 4 and 6 then numbers_ported else 0 end) as three_before,
    from months
    group by carrier_id, carrier_name
)

select carrier_id, carrier_name, three_before, last_three_months, last_three_months - three_before as change
from compared
where last_three_months > three_before
order by change desc, carrier_id
limit 10
