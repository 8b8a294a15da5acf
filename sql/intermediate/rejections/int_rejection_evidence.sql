/*
One row per state of a rejected order that a sync saw with a code or a reason, and per event of a rejection with a
reason: what was seen before Telnyx overwrote it.

kind: per order temporary
key: portout_id, evidence_number

evidence_number: Number of the evidence within its order, from the oldest.
rejection_number: Rejection that it belongs to, see int_rejections; null if there is none.
rejection_code: Telnyx's code in this state; null for an event.
rejection_reason: Our text in this state or event.
*/
with evidence as (
    select portout_id, 'observation' as source, updated_at as happened_at, rejection_code, rejection_reason
    from staging.stg_observations
    where status in ('rejected-pending', 'rejected') and (rejection_code is not null or rejection_reason is not null)
    union all
    select portout_id, 'event', created_at, null, rejection_reason
    from staging.stg_events
    where status in ('rejected-pending', 'rejected') and rejection_reason is not null
),

numbered as (
    select
        evidence.*,
        row_number() over (
            partition by portout_id
            order by happened_at nulls first, source, rejection_code nulls first, rejection_reason nulls first
        ) as evidence_number,
    from evidence
)

-- Events are recorded late: a state of the API can be older than the event of its status, and an event is never older
-- than its status. So a state belongs to the first rejection that the order had not left by then, and an event to the
-- last that had begun.
select
    numbered.portout_id,
    numbered.evidence_number,
    case
        when numbered.source = 'event'
            then max(case when rejections.began_at <= numbered.happened_at then rejections.rejection_number end)
        else min(
            case
                when coalesce(rejections.left_at > numbered.happened_at, true) then rejections.rejection_number
            end
        )
    end as rejection_number,
    numbered.rejection_code,
    numbered.rejection_reason,
from numbered
left join intermediate.int_rejections as rejections on rejections.portout_id = numbered.portout_id
group by
    numbered.portout_id, numbered.evidence_number, numbered.source, numbered.rejection_code, numbered.rejection_reason
