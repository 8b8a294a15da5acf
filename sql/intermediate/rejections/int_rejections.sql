/*
One row per rejection of an order: by us (rejected-pending) or directly to rejected. A status rejected after our own
rejection upholds it and is not a second rejection.

kind: per order temporary
key: portout_id, rejection_number

rejection_number: Number of the rejection within its order, from 1.
is_last: Whether no other rejection of the order follows.
began_at: When the order was rejected, as in fct_status_changes; an unknown time has the instant that stands for it there.
left_at: When the order left the statuses of the rejection; null if it has not.
rejected_at: began_at; null if it is unknown.
rejected_by: us, intake or other, see fct_rejections.
next_status: Next status; null if there is none yet.
ended_at: When the next status began; null if there is none yet or its time is unknown.
measured_by: Evidence for rejected_at: event, observation (an upper bound) or unknown.
*/
with changes as (
    select
        portout_id,
        change_number,
        status,
        previous_status,
        next_status,
        began_at,
        case
            when status = 'rejected-pending' and next_status = 'rejected'
                then lead(ended_at) over (partition by portout_id order by change_number)
            else ended_at
        end as left_at,
        case when measured_by <> 'unknown' then began_at end as rejected_at,
        case when next_measured_by <> 'unknown' then ended_at end as ended_at,
        measured_by,
    from marts.fct_status_changes
    where status in ('rejected-pending', 'rejected')
)

select
    portout_id,
    cast(row_number() over (partition by portout_id order by change_number) as bigint) as rejection_number,
    lead(change_number) over (partition by portout_id order by change_number) is null as is_last,
    began_at,
    left_at,
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
