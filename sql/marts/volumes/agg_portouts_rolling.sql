/*
One row per day, without gaps: sums of agg_portouts_daily over the 7 and the 28 days that end with the day. Each sum
contains every weekday equally often. Days before the first count as 0.

kind: view
key: day

day: Last of the summed days, in the reporting time zone.
orders_received_7d: Orders received in 7 days.
orders_received_28d: Orders received in 28 days.
numbers_received_7d: Numbers in the orders received in 7 days.
numbers_received_28d: Numbers in the orders received in 28 days.
orders_ported_7d: Orders ported in 7 days.
orders_ported_28d: Orders ported in 28 days.
numbers_ported_7d: Numbers in the orders ported in 7 days.
numbers_ported_28d: Numbers in the orders ported in 28 days.
*/
with daily as (
    select day, orders_received, numbers_received, orders_ported, numbers_ported
    from marts.agg_portouts_daily
),

-- Days have no gaps, so a number of rows is a number of days.
summed as (
    select
        day,
        sum(orders_received) over (order by day rows between 6 preceding and current row) as orders_received_7d,
        sum(orders_received) over (order by day rows between 27 preceding and current row) as orders_received_28d,
        sum(numbers_received) over (order by day rows between 6 preceding and current row) as numbers_received_7d,
        sum(numbers_received) over (order by day rows between 27 preceding and current row) as numbers_received_28d,
        sum(orders_ported) over (order by day rows between 6 preceding and current row) as orders_ported_7d,
        sum(orders_ported) over (order by day rows between 27 preceding and current row) as orders_ported_28d,
        sum(numbers_ported) over (order by day rows between 6 preceding and current row) as numbers_ported_7d,
        sum(numbers_ported) over (order by day rows between 27 preceding and current row) as numbers_ported_28d,
    from daily
)

select
    day,
    cast(orders_received_7d as bigint) as orders_received_7d,
    cast(orders_received_28d as bigint) as orders_received_28d,
    cast(numbers_received_7d as bigint) as numbers_received_7d,
    cast(numbers_received_28d as bigint) as numbers_received_28d,
    cast(orders_ported_7d as bigint) as orders_ported_7d,
    cast(orders_ported_28d as bigint) as orders_ported_28d,
    cast(numbers_ported_7d as bigint) as numbers_ported_7d,
    cast(numbers_ported_28d as bigint) as numbers_ported_28d,
from summed
