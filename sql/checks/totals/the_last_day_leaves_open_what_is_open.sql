-- agg_portouts_daily.orders_open and fct_portouts.is_open disagree: please report it.
with last_day as (
    select day, orders_open
    from marts.agg_portouts_daily
    where day = (select max(day) from marts.dim_days)
),

expected as (
    select count(*) as orders_open
    from marts.fct_portouts
    where is_open and inserted_at is not null
)

select last_day.day, last_day.orders_open, expected.orders_open as expected_open
from last_day
cross join expected
where last_day.orders_open <> expected.orders_open
