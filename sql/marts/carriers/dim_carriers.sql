/*
One row per gaining carrier. One SPID can serve many brands, so a carrier is a network operator here, not a brand.

kind: dimension
key: carrier_id

carrier_id: The SPID, also if only other orders give it with this name; else the folded name (see
    dim_carrier_spellings); else 'unknown'.
carrier_name: The most frequent spelling. Ties: the spelling of the latest order, then the first in the alphabet.
spid: SPID in upper case; null for a carrier whose SPID is unknown.
parent: The company behind the carrier in the user's list (setting carriers): by SPID, else by any name that orders give
    or gave the carrier, that of most orders first. Null if the list does not have it.
parent_id: parent, else carrier_id. Group by it to count several SPIDs as one.
suggested_parent: A suggestion for that list. If several carriers have the same name apart from accents, a legal form
    ("LLC") and a state ("- CA") at its end and have not one parent yet: the name of the largest of them. Else null.
*/
with spellings as (
    select carrier_id, folded_spid, folded_family, carrier_name, order_count, last_inserted_at
    from intermediate.int_carrier_spellings
),

carriers as (
    select
        carrier_id,
        max(folded_spid) as spid,
        sum(order_count) as order_count,
    from spellings
    group by carrier_id
),

-- One carrier_id can have a spelling twice, with and without SPID, hence the sum.
names as (
    select
        carrier_id,
        carrier_name,
        folded_family,
        sum(order_count) as order_count,
        max(last_inserted_at) as last_inserted_at,
    from spellings
    where carrier_name is not null
    group by carrier_id, carrier_name, folded_family
),

ranked as (
    select
        carrier_id,
        carrier_name,
        folded_family,
        row_number() over (
            partition by carrier_id
            order by order_count desc, last_inserted_at desc nulls last, carrier_name
        ) as position,
    from names
),

listed as (
    select carriers.carrier_id, parents.parent, 0 as rank, 0 as order_count
    from carriers
    inner join staging.carrier_parents as parents on parents.carrier = carriers.carrier_id
    union all
    select names.carrier_id, parents.parent, 1 as rank, names.order_count
    from intermediate.int_carrier_names as names
    inner join staging.carrier_parents as parents on parents.carrier = names.folded_name
),

parents as (
    select
        carrier_id,
        parent,
        row_number() over (partition by carrier_id order by rank, order_count desc, parent) as position,
    from listed
),

named as (
    select
        carriers.carrier_id,
        ranked.carrier_name,
        carriers.spid,
        carriers.order_count,
        ranked.folded_family,
        parents.parent,
        coalesce(parents.parent, carriers.carrier_id) as parent_id,
    from carriers
    left join ranked on ranked.carrier_id = carriers.carrier_id and ranked.position = 1
    left join parents on parents.carrier_id = carriers.carrier_id and parents.position = 1
),

-- Carriers with the same name apart from accents, legal form and state, which have not one parent yet.
families as (
    select folded_family
    from named
    where folded_family is not null
    group by folded_family
    having count(distinct parent_id) > 1
),

suggested as (
    select
        named.carrier_id,
        first_value(named.carrier_name) over (
            partition by named.folded_family
            order by named.order_count desc, named.carrier_id
        ) as suggested_parent,
    from named
    inner join families on families.folded_family = named.folded_family
)

select
    named.carrier_id,
    named.carrier_name,
    named.spid,
    named.parent,
    named.parent_id,
    suggested.suggested_parent,
from named
left join suggested on suggested.carrier_id = named.carrier_id
