/*
One row per name and carrier, for each name that orders give or gave to several SPIDs, unless these have one parent
already: suggestions for the user's list (setting carriers).

kind: aggregate
key: folded_name, carrier_id

folded_name: The name, folded, see dim_carrier_spellings.
order_count: Orders of the carrier with this name, now or in an event.
suggested_parent: The parent that the list gives most orders with this name; if it gives none, the name of the carrier
    with most of these orders.
*/
with names as (
    select
        names.folded_name,
        names.order_count,
        carriers.carrier_id,
        carriers.carrier_name,
        carriers.spid,
        carriers.parent,
        carriers.parent_id,
    from intermediate.int_carrier_names as names
    inner join marts.dim_carriers as carriers on carriers.carrier_id = names.carrier_id
),

shared as (
    select folded_name
    from names
    group by folded_name
    having count(distinct spid) > 1 and count(distinct parent_id) > 1
)

select
    names.folded_name,
    names.carrier_id,
    names.carrier_name,
    names.spid,
    names.order_count,
    names.parent,
    first_value(coalesce(names.parent, names.carrier_name)) over (
        partition by names.folded_name
        order by case when names.parent is null then 1 else 0 end, names.order_count desc, names.carrier_id
    ) as suggested_parent,
from names
inner join shared on shared.folded_name = names.folded_name
