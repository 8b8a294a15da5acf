create or replace table marts.fct_rejections as
with changes as (
    select
        changes.order_number,
        changes.change_number,
        statuses.status,
        previous_statuses.status as previous_status,
        next_statuses.status as next_status,
        case when changes.measure_code < 2 then changes.began_at end as rejected_at,
        case when changes.next_measure_code < 2 then changes.ended_at end as ended_at,
        measures.measured_by,
    from staging.int_status_changes as changes
    inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
    inner join staging.int_measures as measures on measures.measure_code = changes.measure_code
    left join staging.int_statuses as previous_statuses on previous_statuses.status_code = changes.previous_code
    left join staging.int_statuses as next_statuses on next_statuses.status_code = changes.next_code
    where statuses.status in ('rejected-pending', 'rejected')
),

-- What follows our own rejection is its outcome, not a rejection of its own.
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

judged as (
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
    judged.rejection_number,
    judged.rejected_at,
    judged.rejected_by,
    judged.outcome,
    case when judged.next_status is null and judged.outcome = 'upheld' then judged.rejected_at else judged.ended_at end
        as decided_at,
    judged.measured_by,
    case when judged.is_last then orders.rejection_code end as rejection_code,
    case when judged.is_last then orders.rejection_reason end as rejection_reason,
from judged
inner join staging.int_orders as orders on orders.order_number = judged.order_number;

comment on table marts.fct_rejections is 'One row per rejection of an order: by us (rejected-pending) or straight to rejected. A rejected that follows our own rejection upholds it and is no rejection of its own.';
comment on column marts.fct_rejections.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_rejections.rejection_number is 'Counts an order''s rejections from 1.';
comment on column marts.fct_rejections.rejected_at is 'When it was rejected; where no event tells, when a sync first saw it, or as_of where none did; null when unknown.';
comment on column marts.fct_rejections.rejected_by is 'us (rejected-pending); intake (rejected straight from pending, without our doing); other (rejected from any other status).';
comment on column marts.fct_rejections.outcome is 'What became of it, told by the next status: upheld (ours: rejected; others: nothing followed), reopened (pending, authorized, ported, or rejected once more), canceled, undecided (ours, nothing followed yet), other (a status not yet documented).';
comment on column marts.fct_rejections.decided_at is 'When the next status began; null while there is none and when unknown. A rejection not by us that stands was decided at once.';
comment on column marts.fct_rejections.measured_by is 'What rejected_at rests on: event, observation (an upper bound) or unknown.';
comment on column marts.fct_rejections.rejection_code is 'Telnyx''s code, as the order shows it now; null for all but an order''s last rejection, since Telnyx overwrites it.';
comment on column marts.fct_rejections.rejection_reason is 'Our text, as the order shows it now; null for all but an order''s last rejection.';
