/*
One row per rejection of an order: by us (rejected-pending) or directly to rejected. A status rejected after our own
rejection upholds it and is not a second rejection.

kind: per order
key: portout_id, rejection_number

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
rejection_code: Telnyx's code of this rejection. Telnyx overwrites it when the order is reopened or rejected again: then
    the last code that a sync saw while the order was rejected; null if none saw it.
rejection_reason: Our text of this rejection. Once Telnyx has overwritten it: the last text that a sync saw, else that
    of the event.
*/
with decided as (
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
    from intermediate.int_rejections as rejections
)

select
    decided.portout_id,
    orders.account,
    decided.rejection_number,
    decided.rejected_at,
    decided.rejected_by,
    decided.outcome,
    case when decided.next_status is null and decided.outcome = 'upheld' then decided.rejected_at else decided.ended_at end
        as decided_at,
    decided.measured_by,
    coalesce(case when decided.is_last then orders.rejection_code end, texts.rejection_code) as rejection_code,
    coalesce(case when decided.is_last then orders.rejection_reason end, texts.rejection_reason) as rejection_reason,
from decided
inner join staging.stg_portouts as orders on orders.portout_id = decided.portout_id
left join intermediate.int_rejection_texts as texts
    on texts.portout_id = decided.portout_id and texts.rejection_number = decided.rejection_number
