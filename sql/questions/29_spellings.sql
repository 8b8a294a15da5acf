-- Which carriers have more than one spelling?
-- mart: dim_carrier_spellings, dim_carriers
select
    carriers.carrier_id,
    carriers.carrier_name,
    count(distinct spellings.carrier_name) as spellings,
    sum(spellings.order_count) as orders,
    min(spellings.carrier_name) as first_of_them,
    max(spellings.carrier_name) as last_of_them,
from marts.dim_carrier_spellings as spellings
inner join marts.dim_carriers as carriers on carriers.carrier_id = spellings.carrier_id
group by carriers.carrier_id, carriers.carrier_name
having count(distinct spellings.carrier_name) > 1
order by spellings desc, orders desc, carriers.carrier_id
limit 10
