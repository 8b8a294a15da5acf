-- Which carriers have only lately begun to gain numbers?
-- mart: agg_carriers_gained_monthly
-- Until some history has passed every carrier is new: the earliest months say little.
select month, carrier_id, carrier_name, orders_ported, numbers_ported
from marts.agg_carriers_gained_monthly
where is_new_carrier
order by month desc, numbers_ported desc, carrier_id
limit 10
