-- The loader doubled or lost an order: rebuild raw with `portouts sync --full`.
with staged as (
    select portout_id, count(*) as order_count
    from staging.stg_portouts
    group by portout_id
),

modelled as (
    select portout_id, count(*) as order_count
    from marts.fct_portouts
    group by portout_id
)

select coalesce(staged.portout_id, modelled.portout_id) as portout_id
from staged
full outer join modelled on modelled.portout_id = staged.portout_id
where coalesce(staged.order_count, 0) <> 1 or coalesce(modelled.order_count, 0) <> 1
