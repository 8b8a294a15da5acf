-- fct_portouts lacks an order or has it twice: rebuild raw with `portouts sync --full`.
with counted as (
    select portout_id, 1 as staged, null as modelled
    from staging.stg_portouts
    union all
    select portout_id, null, 1
    from marts.fct_portouts
)

select portout_id
from counted
group by portout_id
having count(staged) <> 1 or count(modelled) <> 1
