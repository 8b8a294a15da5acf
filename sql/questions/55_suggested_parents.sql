-- Which SPIDs have the same name and may be one company?
-- mart: rpt_suggested_parents
-- The first two columns are lines for the user's list (setting carriers).
select
    carrier_id as carrier,
    suggested_parent as parent,
    folded_name as same_name,
    order_count as orders,
from marts.rpt_suggested_parents
order by same_name, orders desc, carrier
limit 20
