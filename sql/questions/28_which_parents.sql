-- Which companies gain the most numbers?
-- mart: agg_carriers_gained
-- Each carrier counts by itself unless the user's list (setting carriers) gives several of them one parent.
select
    max(coalesce(parent, carrier_name)) as company,
    count(*) as carriers,
    sum(orders_ported) as orders_ported,
    sum(numbers_ported) as numbers_ported,
    round(100 * sum(share_of_numbers), 1) as share_percent,
from marts.agg_carriers_gained
group by parent_id
order by numbers_ported desc, parent_id
limit 10
