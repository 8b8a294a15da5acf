/*
One row per SPID and carrier name as orders give them, with the carrier to which we assign them.

kind: dimension
key: spid, carrier_name

folded_spid: SPID in upper case, without white space and invisible characters.
folded_family: folded_name without accents, and without state and legal form at the end of the name.
spid: SPID (service provider id) as the orders give it, null if they give none.
carrier_name: Name of the gaining carrier as the orders spell it.
carrier_id: The SPID in upper case. Without a SPID: the SPID of the orders that give this name, or gave it in an event, if
    there is exactly one; else folded_name. Without a name: 'unknown'.
order_count: Orders with this spelling.
last_inserted_at: When the latest of these orders was received.
*/
with spellings as (
    select
        spid,
        carrier_name,
        count(*) as order_count,
        max(inserted_at) as last_inserted_at,
    from intermediate.int_orders
    group by spid, carrier_name
),

folded as (
    select
        spellings.spid,
        spellings.carrier_name,
        spellings.order_count,
        spellings.last_inserted_at,
        folds.folded_spid,
        folds.folded_name,
        folds.folded_family,
    from spellings
    inner join staging.folded_spellings as folds
        on coalesce(folds.spid, '') = coalesce(spellings.spid, '')
        and coalesce(folds.carrier_name, '') = coalesce(spellings.carrier_name, '')
),

-- Names with the SPIDs of their orders; an order that gained a SPID, and another name with it, brings its former name.
named as (
    select folded_name, folded_spid
    from folded
    where folded_name is not null and folded_spid is not null
    union
    select former.folded_name, folded.folded_spid
    from intermediate.int_former_carrier_names as names
    inner join intermediate.int_orders as orders on orders.portout_id = names.portout_id
    inner join folded
        on coalesce(folded.spid, '') = coalesce(orders.spid, '')
        and coalesce(folded.carrier_name, '') = coalesce(orders.carrier_name, '')
    inner join staging.folded_spellings as former on former.spid is null and former.carrier_name = names.carrier_name
    where former.folded_name is not null and folded.folded_spid is not null
),

-- If all orders with a name that give a SPID give the same one, orders with this name and no SPID get it, too.
names_with_one_spid as (
    select folded_name, min(folded_spid) as spid
    from named
    group by folded_name
    having count(*) = 1
)

select
    folded.spid,
    folded.carrier_name,
    folded.folded_spid,
    folded.folded_name,
    folded.folded_family,
    coalesce(folded.folded_spid, names_with_one_spid.spid, folded.folded_name, 'unknown') as carrier_id,
    folded.order_count,
    folded.last_inserted_at,
from folded
left join names_with_one_spid on names_with_one_spid.folded_name = folded.folded_name
