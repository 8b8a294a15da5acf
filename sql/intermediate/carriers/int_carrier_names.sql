/*
One row per carrier and folded name that its orders give or gave it.

kind: dimension
key: carrier_id, folded_name

order_count: Orders that spell the carrier so, now or in an event.
*/
with spellings as (
    select spid, carrier_name, folded_name, carrier_id, order_count
    from intermediate.int_carrier_spellings
),

former as (
    select
        spellings.carrier_id,
        folds.folded_name,
        count(distinct names.portout_id) as order_count,
    from intermediate.int_former_carrier_names as names
    inner join intermediate.int_orders as orders on orders.portout_id = names.portout_id
    inner join spellings
        on coalesce(spellings.spid, '') = coalesce(orders.spid, '')
        and coalesce(spellings.carrier_name, '') = coalesce(orders.carrier_name, '')
    inner join staging.folded_spellings as folds on folds.spid is null and folds.carrier_name = names.carrier_name
    where folds.folded_name <> coalesce(spellings.folded_name, '')
    group by spellings.carrier_id, folds.folded_name
),

current_and_former as (
    select carrier_id, folded_name, order_count from spellings where folded_name is not null
    union all
    select carrier_id, folded_name, order_count from former
)

select
    carrier_id,
    folded_name,
    cast(sum(order_count) as bigint) as order_count,
from current_and_former
group by carrier_id, folded_name
