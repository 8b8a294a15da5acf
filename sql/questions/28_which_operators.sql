-- Which operators gain the most numbers, and which carriers may belong together?
-- mart: agg_carriers_gained, dim_carriers
-- An operator is one carrier unless the user's list (setting operators) combines several. The carriers in the last
-- column have similar names and may be one operator.
select
    gained.operator_name,
    count(*) as carriers,
    sum(gained.orders_ported) as orders_ported,
    sum(gained.numbers_ported) as numbers_ported,
    round(100 * sum(gained.share_of_numbers), 1) as share_percent,
    max(carriers.suggested_operator) as suggested_operator,
from marts.agg_carriers_gained as gained
inner join marts.dim_carriers as carriers on carriers.carrier_id = gained.carrier_id
group by gained.operator_id, gained.operator_name
order by numbers_ported desc, gained.operator_id
limit 10
