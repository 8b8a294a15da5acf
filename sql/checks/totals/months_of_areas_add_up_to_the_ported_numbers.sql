-- marts.agg_portouts_by_area_monthly and agg_portouts_monthly disagree on the numbers of a month: please report it.
with areas as (
    select month, sum(numbers_ported) as numbers_ported
    from marts.agg_portouts_by_area_monthly
    group by month
)

select months.month, months.numbers_ported, areas.numbers_ported as numbers_of_areas
from marts.agg_portouts_monthly as months
left join areas on areas.month = months.month
where months.numbers_ported <> coalesce(areas.numbers_ported, 0)
