-- How many numbers leave?
with

days as (

    select * from marts.agg_portouts_daily

)

select
    strftime(date_trunc('month', day), '%Y-%m') as month,
    sum(orders_received) as orders_received,
    sum(numbers_received) as numbers_received,
    sum(orders_ported) as orders_ported,
    sum(numbers_ported) as numbers_ported,
    sum(orders_rejected) as orders_rejected,
    sum(orders_canceled) as orders_canceled,
from days
group by 1
order by 1 desc
limit 12
