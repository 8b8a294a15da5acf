/*
One row per gaining carrier. One SPID can serve many brands, so a carrier is a network operator here, not a brand.

kind: dimension
key: carrier_id

carrier_id: The SPID, also if only other orders give it with this name; else the folded name (see
    dim_carrier_spellings); else 'unknown'.
carrier_name: The most frequent spelling. Ties: the spelling of the latest order, then the first in the alphabet.
spid: SPID in upper case; null for a carrier whose SPID is unknown.
operator_id: Operator of the carrier in the user's list (setting operators), else carrier_id. Group by it to count
    several SPIDs as one.
operator_name: Operator in the user's list, else carrier_name.
suggested_operator: A suggestion for that list. If several carriers have the same name apart from accents, a legal form
    ("LLC") and a state ("- CA") at its end and are not one operator yet: the name of the largest of them. Else null.
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

named as (
    select
        carriers.carrier_id,
        ranked.carrier_name,
        carriers.spid,
        carriers.order_count,
        ranked.folded_family,
        coalesce(operators.operator, carriers.carrier_id) as operator_id,
        coalesce(operators.operator, ranked.carrier_name) as operator_name,
    from carriers
    left join ranked on ranked.carrier_id = carriers.carrier_id and ranked.position = 1
    left join staging.operators as operators on operators.carrier_id = carriers.carrier_id
),

-- Carriers with the same name apart from accents, legal form and state, which are not one operator yet.
families as (
    select folded_family
    from named
    where folded_family is not null
    group by folded_family
    having count(distinct operator_id) > 1
),

suggested as (
    select
        named.carrier_id,
        first_value(named.carrier_name) over (
            partition by named.folded_family
            order by named.order_count desc, named.carrier_id
        ) as suggested_operator,
    from named
    inner join families on families.folded_family = named.folded_family
)

select
    named.carrier_id,
    named.carrier_name,
    named.spid,
    named.operator_id,
    named.operator_name,
    suggested.suggested_operator,
from named
left join suggested on suggested.carrier_id = named.carrier_id
