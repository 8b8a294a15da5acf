/*
One row per week in which orders were received: how many of them were ported within 7, 14 and 30 days.

kind: aggregate
key: week
*/
with orders as (
    select days.week, orders.inserted_at, orders.ported_at
    from intermediate.int_orders as orders
    inner join staging.calendar_days as days on days.day = orders.received_on
)

select
    week,
    count(*) as orders_received,
    count(case when ported_at <= inserted_at + interval '168 hours' then 1 end) as ported_7d,
    count(case when ported_at <= inserted_at + interval '336 hours' then 1 end) as ported_14d,
    count(case when ported_at <= inserted_at + interval '720 hours' then 1 end) as ported_30d,
from orders
group by week
