-- Are more numbers leaving than four weeks ago?
-- mart: agg_portouts_rolling
-- 28 days contain each weekday four times, so the periods are comparable. The last day is left out: it is not over.
with ended as (
    select day, orders_received_28d, numbers_received_28d, orders_ported_28d, numbers_ported_28d
    from marts.agg_portouts_rolling
    where day < (select max(day) from marts.agg_portouts_rolling)
),

compared as (
    select
        day,
        orders_received_28d,
        lag(orders_received_28d, 28) over (order by day) as orders_received_before,
        numbers_ported_28d,
        lag(numbers_ported_28d, 28) over (order by day) as numbers_ported_before,
    from ended
)

select
    day,
    orders_received_28d,
    orders_received_before,
    numbers_ported_28d,
    numbers_ported_before,
    round(100.0 * numbers_ported_28d / nullif(numbers_ported_before, 0) - 100, 1) as change_percent,
from compared
order by day desc
limit 1
