-- marts.agg_portouts_by_area lacks numbers or counts some twice: please report it.
with areas as (
    select
        coalesce(sum(numbers_received), 0) as numbers_received,
        coalesce(sum(numbers_ported), 0) as numbers_ported,
    from marts.agg_portouts_by_area
),

orders as (
    select
        coalesce(sum(number_count), 0) as numbers_received,
        coalesce(sum(case when status = 'ported' then number_count end), 0) as numbers_ported,
    from marts.fct_portouts
)

select 'all areas' as area_code, areas.numbers_received, orders.numbers_received as in_facts
from areas
cross join orders
where areas.numbers_received <> orders.numbers_received or areas.numbers_ported <> orders.numbers_ported;
