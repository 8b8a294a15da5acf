-- How many orders and numbers come and leave each month?
-- mart: agg_portouts_daily, dim_days
-- The columns of a day count different orders: those received on the day, those ported on the day, and so on.
select
    days.month,
    sum(daily.orders_received) as orders_received,
    sum(daily.numbers_received) as numbers_received,
    sum(daily.orders_ported) as orders_ported,
    sum(daily.numbers_ported) as numbers_ported,
    sum(daily.orders_rejected) as orders_rejected,
    sum(daily.orders_canceled) as orders_canceled,
from marts.agg_portouts_daily as daily
inner join marts.dim_days as days on days.day = daily.day
group by days.month
order by days.month desc
limit 12
