-- Is the number of open orders growing?
-- mart: agg_portouts_daily, dim_days
-- orders_open is a level, not a flow: take its value on the last day of a month, never a sum.
with last_days as (
    select month, max(day) as day
    from marts.dim_days
    group by month
)

select
    last_days.day,
    daily.orders_open,
    daily.orders_open - lag(daily.orders_open) over (order by last_days.day) as change,
from last_days
inner join marts.agg_portouts_daily as daily on daily.day = last_days.day
order by last_days.day desc
limit 12
