-- What became of the requests of each month?
-- mart: agg_portouts, dim_days
-- By month of receipt, so the columns of a month add up to its orders. Recent months still have open orders.
select
    days.month,
    sum(cells.orders) as orders_received,
    sum(case when cells.status = 'ported' then cells.orders else 0 end) as now_ported,
    sum(case when cells.status = 'rejected' then cells.orders else 0 end) as now_rejected,
    sum(case when cells.status = 'canceled' then cells.orders else 0 end) as now_canceled,
    sum(case when cells.status in ('ported', 'rejected', 'canceled') then 0 else cells.orders end) as still_open,
from marts.agg_portouts as cells
inner join marts.dim_days as days on days.day = cells.day
group by days.month
order by days.month desc
limit 12
