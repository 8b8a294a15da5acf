-- On which weekdays do requests arrive, and on which do numbers leave?
-- mart: agg_portouts_daily, dim_days
-- The last day is left out: it is not over.
select
    days.weekday,
    days.weekday_name,
    round(avg(daily.orders_received), 1) as orders_received_a_day,
    round(avg(daily.numbers_ported), 1) as numbers_ported_a_day,
from marts.dim_days as days
inner join marts.agg_portouts_daily as daily on daily.day = days.day
where days.day < (select max(day) from marts.dim_days)
group by days.weekday, days.weekday_name
order by days.weekday
