-- How many orders and numbers come and leave each month, and is the number of open orders growing?
-- mart: agg_portouts_monthly
-- The columns of a month count different orders: those received in it, those ported in it, and so on. orders_open is
-- the level at its end.
select
    month, is_complete, orders_received, numbers_received, orders_ported, numbers_ported, numbers_ported_by_range,
    orders_rejected, orders_canceled, orders_open,
    orders_open - lag(orders_open) over (order by month) as change_of_open,
from marts.agg_portouts_monthly
order by month desc
limit 12
