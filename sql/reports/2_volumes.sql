-- How many numbers leave?
with days as (
    select
        strftime(day, '%Y-%m') as month,
        orders_received,
        numbers_received,
        orders_ported,
        numbers_ported,
        orders_rejected,
        orders_canceled,
    from marts.agg_portouts_daily
)

select
    month,
    sum(orders_received) as orders_received,
    sum(numbers_received) as numbers_received,
    sum(orders_ported) as orders_ported,
    sum(numbers_ported) as numbers_ported,
    sum(orders_rejected) as orders_rejected,
    sum(orders_canceled) as orders_canceled,
from days
group by month
order by month desc
limit 12
