create or replace table marts.fct_rejections as
with changes as (
    select
        changes.order_number,
        changes.change_number,
        statuses.status,
        previous_statuses.status as previous_status,
        next_statuses.status as next_status,
        case when changes.evidence_code < 2 then changes.began_at end as rejected_at,
        case when changes.next_evidence_code < 2 then changes.ended_at end as ended_at,
        evidence.measured_by,
    from staging.int_status_changes as changes
    inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
    inner join staging.int_evidence as evidence on evidence.evidence_code = changes.evidence_code
    left join staging.int_statuses as previous_statuses on previous_statuses.status_code = changes.previous_code
    left join staging.int_statuses as next_statuses on next_statuses.status_code = changes.next_code
    where statuses.status in ('rejected-pending', 'rejected')
),

-- A status rejected after our own rejection is its outcome, not a second rejection.
rejections as (
    select
        order_number,
        row_number() over (partition by order_number order by change_number) as rejection_number,
        lead(change_number) over (partition by order_number order by change_number) is null as is_last,
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
    orders.portout_id,
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
inner join staging.int_orders as orders on orders.order_number = decided.order_number;

comment on table marts.fct_rejections is 'One row per rejection of an order: by us (rejected-pending) or directly to rejected. A status rejected after our own rejection upholds it and is not a second rejection.';
comment on column marts.fct_rejections.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_rejections.rejection_number is 'Number of the rejection within its order, from 1.';
comment on column marts.fct_rejections.rejected_at is 'When the order was rejected. Without an event: when a sync first saw it, or as_of if none did. Null if unknown.';
comment on column marts.fct_rejections.rejected_by is 'us (rejected-pending); intake (directly from pending to rejected, not by us); other (from any other status to rejected).';
comment on column marts.fct_rejections.outcome is 'What followed, by the next status: upheld (ours: rejected; others: no next status), reopened (pending, authorized, ported, or rejected by us again), canceled, undecided (ours, no next status yet), other (an undocumented status).';
comment on column marts.fct_rejections.decided_at is 'When the next status began; null if there is none yet or its time is unknown. For a rejection that is not by us and has no next status: rejected_at.';
comment on column marts.fct_rejections.measured_by is 'Evidence for rejected_at: event, observation (an upper bound) or unknown.';
comment on column marts.fct_rejections.rejection_code is 'Telnyx''s code, as the order shows it now. Only an order''s last rejection has one, because Telnyx overwrites it; else null.';
comment on column marts.fct_rejections.rejection_reason is 'Our text, as the order shows it now. Only an order''s last rejection has one; else null.';
