-- Which carriers have no SPID, and which SPIDs may be theirs?
-- mart: dim_carriers, dim_carrier_spellings, agg_carriers_gained
-- A name with exactly one SPID in other orders is already assigned to it. These names have several SPIDs, or none.
select
    carriers.carrier_name,
    gained.orders_received,
    gained.numbers_ported,
    count(distinct spellings.spid) as spids_of_the_same_name,
    min(spellings.spid) as first_of_them,
    max(spellings.spid) as last_of_them,
from marts.dim_carriers as carriers
inner join marts.agg_carriers_gained as gained on gained.carrier_id = carriers.carrier_id
left join marts.dim_carrier_spellings as spellings
    on spellings.spid is not null and spellings.folded_name = carriers.carrier_id
where carriers.spid is null
group by carriers.carrier_id, carriers.carrier_name, gained.orders_received, gained.numbers_ported
order by gained.orders_received desc, carriers.carrier_id
limit 10
