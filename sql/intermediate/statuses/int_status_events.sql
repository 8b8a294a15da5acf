/*
One row per status event of an order, in the sequence in which the statuses followed each other: the last event, and
each event whose status differs from the one before.

kind: per order temporary
key: portout_id, position

position: Place of the event among the order's events, from 1.
status: New status.
began_at: When the status began: the time of the event, or earlier if Telnyx recorded the event late.
is_change: Whether the status differs from the one before; before the first event it is pending.
is_last: Whether no event follows.
*/
with orders as (
    select portout_id, coalesce(status, 'unknown') as current_status
    from staging.stg_portouts
),

events as (
    select events.portout_id, events.status, events.created_at, orders.current_status
    from staging.stg_events as events
    inner join orders on orders.portout_id = events.portout_id
    where events.event_type = 'portout.status_changed' and events.status is not null and events.created_at is not null
),

compared as (
    select
        portout_id,
        row_number() over (partition by portout_id order by created_at) as position,
        status,
        current_status,
        created_at,
        first_value(status) over (partition by portout_id order by created_at) as first_status,
        lag(status, 1, 'pending') over (partition by portout_id order by created_at) as previous_status,
        lag(created_at) over (partition by portout_id order by created_at) as previous_at,
        lead(created_at) over (partition by portout_id order by created_at) is null as is_last,
    from events
),

-- Orders whose events may be in the wrong sequence. The steps below correct it; they are slow and few orders need them.
ambiguous_orders as (
    select distinct portout_id, current_status
    from compared
    where
        (created_at = previous_at and status <> previous_status)
        or (
            status = 'pending'
            and previous_status <> 'pending'
            and (first_status <> 'pending' or previous_status in ('authorized', 'ported', 'canceled'))
        )
        or (is_last and status <> current_status)
),

ambiguous_events as (
    select
        orders.portout_id,
        events.status,
        coalesce(statuses.stage, 2) as stage,
        coalesce(statuses.can_reopen, true) as can_reopen,
        orders.current_status,
        coalesce(current_statuses.stage, 2) as current_stage,
        events.created_at,
        events.event_id,
    from ambiguous_orders as orders
    inner join staging.stg_events as events
        on events.portout_id = orders.portout_id
        and events.event_type = 'portout.status_changed'
        and events.status is not null
        and events.created_at is not null
    left join intermediate.int_known_statuses as statuses on statuses.status = events.status
    left join intermediate.int_known_statuses as current_statuses on current_statuses.status = orders.current_status
),

-- An attempt begins with a status after which an order can become pending again: a rejection or an unknown status.
numbered_attempts as (
    select
        ambiguous_events.*,
        min(created_at) over (partition by portout_id) as first_at,
        max(created_at) over (partition by portout_id) as last_at,
        min(case when status = 'pending' then created_at end) over (partition by portout_id) as first_pending_at,
        max(case when status = current_status then created_at end) over (partition by portout_id) as current_at,
        count(case when can_reopen then 1 end) over (partition by portout_id order by created_at) as attempt,
    from ambiguous_events
),

attempts as (
    select
        numbered_attempts.*,
        min(case when status in ('authorized', 'ported', 'canceled') then created_at end)
            over (partition by portout_id, attempt) as settled_at,
    from numbered_attempts
),

-- Telnyx can record events late (docs/decisions/metrics.md, "Events recorded late"): compute the latest possible time.
bounded as (
    select
        attempts.*,
        case
            when status <> 'pending' or (current_status = 'pending' and created_at = last_at) then created_at
            when created_at = first_pending_at
                and (attempt = 0 or created_at <= first_at + interval '1 minute' or created_at = last_at) then first_at
            when settled_at < created_at then settled_at
            else created_at
        end as latest_pending_at,
        case
            when stage < current_stage and (current_stage = 3 or last_at <= current_at + interval '1 minute')
                then least(current_at, created_at)
            else created_at
        end as latest_at,
    from attempts
),

dated as (
    select
        portout_id, status, stage, current_status, event_id,
        least(latest_pending_at, latest_at) as began_at,
        max(least(latest_pending_at, latest_at)) over (partition by portout_id) as last_at,
    from bounded
),

-- Of several statuses at one instant, the current status of the order is the last; the others are sorted by stage. Ids
-- are random and only make the sequence definite.
sequenced as (
    select
        portout_id,
        row_number() over (
            partition by portout_id
            order by
                began_at, case when status = current_status and began_at = last_at then 1 else 0 end, stage, event_id
        ) as position,
        status,
        began_at,
    from dated
),

resequenced as (
    select
        portout_id,
        position,
        status,
        began_at,
        lag(status, 1, 'pending') over (partition by portout_id order by position) as previous_status,
        lead(began_at) over (partition by portout_id order by position) is null as is_last,
    from sequenced
),

history as (
    select compared.portout_id, compared.position, compared.status, compared.created_at as began_at,
        compared.previous_status, compared.is_last,
    from compared
    where not exists (
        select ambiguous_orders.portout_id
        from ambiguous_orders
        where ambiguous_orders.portout_id = compared.portout_id
    )
    union all
    select portout_id, position, status, began_at, previous_status, is_last
    from resequenced
)

select portout_id, position, status, began_at, status <> previous_status as is_change, is_last
from history
where status <> previous_status or is_last
