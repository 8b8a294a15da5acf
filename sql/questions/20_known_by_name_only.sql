-- Which carriers do we know by name only, and which SPID may be theirs?
-- mart: dim_carriers, dim_carrier_spellings, agg_carriers_gained
-- A carrier without SPID has its folded name for an id: look for a spelling of that name that has one.
select
    carriers.carrier_name,
    gained.orders_received,
    gained.numbers_ported,
    min(spellings.spid) as spid_of_the_same_name,
from marts.dim_carriers as carriers
inner join marts.agg_carriers_gained as gained on gained.carrier_id = carriers.carrier_id
left join marts.dim_carrier_spellings as spellings
    on spellings.spid is not null and spellings.folded_name = carriers.carrier_id
where carriers.spid is null
group by carriers.carrier_id, carriers.carrier_name, gained.orders_received, gained.numbers_ported
order by gained.orders_received desc, carriers.carrier_id
limit 10
