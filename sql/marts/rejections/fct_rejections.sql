/*
One row per rejection of an order: by us (rejected-pending) or directly to rejected. A status rejected after our own
rejection upholds it and is not a second rejection.

kind: per order
key: portout_id, rejection_number

portout_id: Telnyx's id of the order.
rejection_number: Number of the rejection within its order, from 1.
rejected_at: When the order was rejected. Without an event: when a sync first saw it, or as_of if none did. Null if
    unknown.
rejected_by: us (rejected-pending); intake (directly from pending to rejected, not by us); other (from any other status
    to rejected).
outcome: What followed, by the next status: upheld (ours: rejected; others: no next status), reopened (pending,
    authorized, ported, or rejected by us again), canceled, undecided (ours, no next status yet), other (an undocumented
    status).
decided_at: When the next status began; null if there is none yet or its time is unknown. For a rejection that is not by
    us and has no next status: rejected_at.
measured_by: Evidence for rejected_at: event, observation (an upper bound) or unknown.
rejection_code: Telnyx's code, as the order shows it now. Only an order's last rejection has one, because Telnyx
    overwrites it; else null.
rejection_reason: Our text, as the order shows it now. Only an order's last rejection has one; else null.
*/
with changes as (
    select
        portout_id,
        change_number,
        status,
        previous_status,
        next_status,
        case when measured_by <> 'unknown' then began_at end as rejected_at,
        case when next_measured_by <> 'unknown' then ended_at end as ended_at,
        measured_by,
    from marts.fct_status_changes
    where status in ('rejected-pending', 'rejected')
),

-- A status rejected after our own rejection is its outcome, not a second rejection.
rejections as (
    select
        portout_id,
        cast(row_number() over (partition by portout_id order by change_number) as bigint) as rejection_number,
        lead(change_number) over (partition by portout_id order by change_number) is null as is_last,
        rejected_at,
        case
            when status = 'rejected-pending' then 'us'
            when previous_status = 'pending' then 'intake'
            else 'other'
        end as rejected_by,
        next_status,
        ended_at,
        measured_by,
    from changes
    where status = 'rejected-pending' or previous_status <> 'rejected-pending'
),

decided as (
    select
        rejections.*,
        case
            when next_status is null and rejected_by = 'us' then 'undecided'
            when next_status is null then 'upheld'
            when next_status = 'rejected' then 'upheld'
            when next_status = 'canceled' then 'canceled'
            when next_status in ('pending', 'authorized', 'ported', 'rejected-pending') then 'reopened'
            else 'other'
        end as outcome,
    from rejections
)

select
    decided.portout_id,
    decided.rejection_number,
    decided.rejected_at,
    decided.rejected_by,
    decided.outcome,
    case when decided.next_status is null and decided.outcome = 'upheld' then decided.rejected_at else decided.ended_at end
        as decided_at,
    decided.measured_by,
    case when decided.is_last then orders.rejection_code end as rejection_code,
    case when decided.is_last then orders.rejection_reason end as rejection_reason,
from decided
inner join staging.stg_portouts as orders on orders.portout_id = decided.portout_id
