-- A pending order of known age is in no bucket of marts.agg_backlog_age, or in two.
with backlog as (
    select sum(orders) as orders, sum(numbers) as numbers, count(*) as buckets
    from marts.agg_backlog_age
),

open_orders as (
    select count(*) as orders, coalesce(sum(number_count), 0) as numbers
    from marts.rpt_open_orders
    where hours_left is not null
)

select 'all pending orders' as portout_id, backlog.orders, open_orders.orders as in_report
from backlog
cross join open_orders
where backlog.orders <> open_orders.orders or backlog.numbers <> open_orders.numbers or backlog.buckets <> 3;
