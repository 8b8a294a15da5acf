create or replace temp table event_history as
with events as (
    select portout_id, status, created_at
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

numbered as (
    select order_numbers.order_number, statuses.status_code, events.created_at
    from events
    inner join order_numbers on order_numbers.portout_id = events.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by created_at) as place,
        status_code,
        created_at,
        lag(status_code, 1, 0) over (partition by order_number order by created_at) as previous_code,
        lag(created_at) over (partition by order_number order by created_at) as previous_at,
        lead(created_at) over (partition by order_number order by created_at) is null as is_last,
    from numbered
),

-- Statuses of one instant are told apart below: rarely needed, and dear to sort by.
tied_orders as (
    select distinct order_number
    from compared
    where created_at = previous_at and status_code <> previous_code
),

events_with_ids as (
    select portout_id, status, created_at, event_id
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

tied as (
    select
        order_numbers.order_number,
        statuses.status_code,
        events.created_at,
        events.event_id,
        statuses.stage,
        order_numbers.status_code = statuses.status_code
            and events.created_at = max(events.created_at) over (partition by order_numbers.order_number) as is_current,
    from tied_orders
    inner join order_numbers on order_numbers.order_number = tied_orders.order_number
    inner join events_with_ids as events on events.portout_id = order_numbers.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

-- The status that the order has now is its last; else life goes on from pending to what is final. Ids are random.
placed as (
    select
        order_number,
        row_number() over (partition by order_number order by created_at, is_current, stage, event_id) as place,
        status_code,
        created_at,
    from tied
),

settled as (
    select
        order_number,
        place,
        status_code,
        created_at,
        lag(status_code, 1, 0) over (partition by order_number order by place) as previous_code,
        lead(created_at) over (partition by order_number order by place) is null as is_last,
    from placed
),

history as (
    select order_number, place, status_code, created_at, previous_code, is_last
    from compared
    where order_number not in (select order_number from tied_orders)
    union all
    select order_number, place, status_code, created_at, previous_code, is_last
    from settled
)

select
    order_number, place, status_code, created_at as began_at, 0 as measure_code,
    status_code <> previous_code as is_change, is_last,
from history
where status_code <> previous_code or is_last;
