-- A pending order of known age is in no bucket of marts.agg_backlog_age, or in two: please report it.
with backlog as (
    select sum(orders) as orders, sum(numbers) as numbers, count(*) as buckets
    from marts.agg_backlog_age
),

open_orders as (
    select count(*) as orders, coalesce(sum(reported.number_count), 0) as numbers
    from marts.rpt_open_orders as reported
    inner join marts.fct_responses as spells on spells.portout_id = reported.portout_id
    where reported.hours_left is not null and spells.response = 'open' and spells.measured_by <> 'unknown'
)

select 'all pending orders' as portout_id, backlog.orders, open_orders.orders as in_report
from backlog
cross join open_orders
where backlog.orders <> open_orders.orders or backlog.numbers <> open_orders.numbers or backlog.buckets <> 3;
