-- How many requests arrive, and how many numbers leave, on business days and on days off?
-- mart: dim_days, agg_portouts_daily
select
    days.is_business_day,
    count(*) as days,
    sum(daily.orders_received) as orders_received,
    round(avg(daily.orders_received), 1) as orders_received_a_day,
    sum(daily.numbers_ported) as numbers_ported,
    round(avg(daily.numbers_ported), 1) as numbers_ported_a_day,
from marts.dim_days as days
inner join marts.agg_portouts_daily as daily on daily.day = days.day
group by days.is_business_day
order by days.is_business_day desc
