-- marts.agg_foc_slip_monthly lacks ported orders or counts some twice: please report it.
with months as (
    select
        coalesce(sum(orders_ported), 0) as orders_ported,
        coalesce(sum(with_foc), 0) as with_foc,
        coalesce(sum(early + on_day + late), 0) as classified,
    from marts.agg_foc_slip_monthly
),

orders as (
    select count(ported_on) as orders_ported, count(foc_slip_days) as with_foc
    from marts.fct_portouts
)

select 'all months' as month, months.orders_ported, orders.orders_ported as in_facts
from months
cross join orders
where months.orders_ported <> orders.orders_ported
    or months.with_foc <> orders.with_foc
    or months.classified <> orders.with_foc;
