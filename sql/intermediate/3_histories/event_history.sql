create or replace temp table event_history as
with events as (
    select portout_id, status, created_at
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

numbered as (
    select
        order_numbers.order_number,
        statuses.status_code,
        statuses.status not in ('pending', 'authorized', 'ported', 'canceled') as can_reopen,
        order_numbers.status_code as current_code,
        events.created_at,
    from events
    inner join order_numbers on order_numbers.portout_id = events.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by created_at) as position,
        status_code,
        current_code,
        created_at,
        first_value(status_code) over (partition by order_number order by created_at) as first_code,
        lag(status_code, 1, 0) over (partition by order_number order by created_at) as previous_code,
        lag(can_reopen) over (partition by order_number order by created_at) as previous_can_reopen,
        lag(created_at) over (partition by order_number order by created_at) as previous_at,
        lead(created_at) over (partition by order_number order by created_at) is null as is_last,
    from numbered
),

-- Orders whose events may be in the wrong sequence. The steps below correct it; they are slow and few orders need them.
ambiguous_orders as (
    select distinct order_number
    from compared
    where
        (created_at = previous_at and status_code <> previous_code)
        or (status_code = 0 and previous_code <> 0 and (first_code <> 0 or not previous_can_reopen))
        or (is_last and status_code <> current_code)
),

events_with_ids as (
    select portout_id, status, created_at, event_id
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

ambiguous_events as (
    select
        orders.order_number,
        statuses.status_code,
        statuses.stage,
        statuses.status in ('authorized', 'ported', 'canceled') as is_settled,
        statuses.status not in ('pending', 'authorized', 'ported', 'canceled') as can_reopen,
        orders.status_code as current_code,
        current_statuses.stage as current_stage,
        events.created_at,
        events.event_id,
    from ambiguous_orders
    inner join order_numbers as orders on orders.order_number = ambiguous_orders.order_number
    inner join staging.int_statuses as current_statuses on current_statuses.status_code = orders.status_code
    inner join events_with_ids as events on events.portout_id = orders.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

-- An attempt begins with a status after which an order can become pending again: a rejection or an unknown status.
numbered_attempts as (
    select
        ambiguous_events.*,
        min(created_at) over (partition by order_number) as first_at,
        max(created_at) over (partition by order_number) as last_at,
        min(case when status_code = 0 then created_at end) over (partition by order_number) as first_pending_at,
        max(case when status_code = current_code then created_at end) over (partition by order_number) as current_at,
        count(case when can_reopen then 1 end) over (partition by order_number order by created_at) as attempt,
    from ambiguous_events
),

attempts as (
    select
        numbered_attempts.*,
        min(case when is_settled then created_at end) over (partition by order_number, attempt) as settled_at,
    from numbered_attempts
),

-- Telnyx can record events late (docs/decisions/metrics.md, "Events recorded late"): compute the latest possible time.
bounded as (
    select
        attempts.*,
        case
            when status_code <> 0 or (current_code = 0 and created_at = last_at) then created_at
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
        order_number, status_code, stage, current_code, event_id,
        least(latest_pending_at, latest_at) as began_at,
        max(least(latest_pending_at, latest_at)) over (partition by order_number) as last_at,
    from bounded
),

-- Of several statuses at one instant, the current status of the order is the last; the others are sorted by stage. Ids
-- are random and only make the sequence definite.
sequenced as (
    select
        order_number,
        row_number() over (
            partition by order_number
            order by began_at, status_code = current_code and began_at = last_at, stage, event_id
        ) as position,
        status_code,
        began_at as created_at,
    from dated
),

resequenced as (
    select
        order_number,
        position,
        status_code,
        created_at,
        lag(status_code, 1, 0) over (partition by order_number order by position) as previous_code,
        lead(created_at) over (partition by order_number order by position) is null as is_last,
    from sequenced
),

history as (
    select order_number, position, status_code, created_at, previous_code, is_last
    from compared
    where order_number not in (select order_number from ambiguous_orders)
    union all
    select order_number, position, status_code, created_at, previous_code, is_last
    from resequenced
)

select
    order_number, position, status_code, created_at as began_at, 0 as evidence_code,
    status_code <> previous_code as is_change, is_last,
from history
where status_code <> previous_code or is_last;
