-- fct_order_stages lacks an order, has it twice, or counts its comments wrongly: please report it.
with counted as (
    select portout_id, 1 as staged, null as modelled, 0 as comments
    from staging.stg_portouts
    union all
    select portout_id, null, 1, comment_count
    from marts.fct_order_stages
    union all
    select portout_id, null, null, -1
    from marts.fct_comments
)

select portout_id
from counted
group by portout_id
having count(staged) <> 1 or count(modelled) <> 1 or sum(comments) <> 0
