-- Which carriers have recently gained their first numbers?
-- mart: agg_carriers_gained_monthly
-- In the first months of the data every carrier is new, so these months say little.
select month, carrier_id, carrier_name, orders_ported, numbers_ported
from marts.agg_carriers_gained_monthly
where is_new_carrier
order by month desc, numbers_ported desc, carrier_id
limit 10
