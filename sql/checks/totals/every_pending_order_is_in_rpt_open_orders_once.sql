-- rpt_open_orders and fct_portouts disagree on the pending orders: please report it.
with pending as (
    select portout_id
    from marts.fct_portouts
    where status = 'pending'
),

reported as (
    select portout_id, count(*) as row_count
    from marts.rpt_open_orders
    group by portout_id
)

select coalesce(pending.portout_id, reported.portout_id) as portout_id
from pending
full outer join reported on reported.portout_id = pending.portout_id
where pending.portout_id is null or coalesce(reported.row_count, 0) <> 1
