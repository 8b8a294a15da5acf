create or replace table marts.fct_status_changes as
-- order_number: sorting and joining five million events by a number costs a third of doing it by a UUID.
with orders as (
    select
        row_number() over (order by portout_id) as order_number,
        portout_id,
        coalesce(status, 'unknown') as status,
        inserted_at,
    from staging.stg_portouts
),

status_events as (
    select orders.order_number, events.status, events.created_at, events.event_id
    from staging.stg_events as events
    inner join orders on orders.portout_id = events.portout_id
    where events.event_type = 'portout.status_changed' and events.status is not null and events.created_at is not null
),

first_sync as (
    select min(as_of) as as_of
    from staging.stg_syncs
),

-- Whatever the very first sync finds may have begun at any time before it.
observed as (
    select
        orders.order_number,
        coalesce(observations.status, 'unknown') as status,
        observations.seen_at,
        observations.updated_at,
        case
            when observations.seen_at <= first_sync.as_of and orders.inserted_at < first_sync.as_of then 'unknown'
            else 'observation'
        end as measured_by,
    from staging.stg_observations as observations
    inner join orders on orders.portout_id = observations.portout_id
    cross join first_sync
),

history as (
    select order_number, status, created_at as began_at, null as tie_at, event_id as tie_id, 'event' as measured_by
    from status_events
    union all
    select order_number, status, seen_at, updated_at, status, measured_by
    from observed
    where order_number not in (select order_number from status_events)
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by began_at, tie_at, tie_id) as place,
        status,
        began_at,
        measured_by,
        lag(status, 1, 'pending') over (partition by order_number order by began_at, tie_at, tie_id) as previous_status,
        lead(began_at) over (partition by order_number order by began_at, tie_at, tie_id) is null as is_last,
    from history
),

-- The few orders whose current status their history does not end with.
unexplained as (
    select
        orders.order_number,
        orders.status,
        coalesce(compared.place, 0) + 1 as place,
        coalesce(compared.began_at, orders.inserted_at) as previous_at,
    from orders
    left join compared on compared.order_number = orders.order_number and compared.is_last
    where orders.status <> coalesce(compared.status, 'pending')
),

explained as (
    select
        unexplained.order_number,
        unexplained.place,
        unexplained.status,
        coalesce(min(observed.seen_at), greatest(max(inputs.as_of), max(unexplained.previous_at))) as began_at,
        coalesce(max(observed.measured_by), 'observation') as measured_by, -- 'unknown', sorting last, wins
    from unexplained
    cross join staging.model_inputs as inputs
    left join observed
        on observed.order_number = unexplained.order_number
        and observed.status = unexplained.status
        and observed.seen_at >= unexplained.previous_at
    group by unexplained.order_number, unexplained.place, unexplained.status
),

changes as (
    select order_number, 0 as place, 'pending' as status, inserted_at as began_at, 'event' as measured_by
    from orders
    union all
    select order_number, place, status, began_at, measured_by
    from compared
    where status <> previous_status
    union all
    select order_number, place, status, began_at, measured_by
    from explained
),

numbered as (
    select
        order_number,
        row_number() over (partition by order_number order by place) as change_number,
        status,
        began_at,
        lead(began_at) over (partition by order_number order by place) as ended_at,
        lead(status) over (partition by order_number order by place) as next_status,
        measured_by,
        lead(measured_by) over (partition by order_number order by place) as next_measured_by,
    from changes
),

named as (
    select
        orders.portout_id,
        numbered.change_number,
        numbered.status,
        numbered.began_at,
        numbered.ended_at,
        numbered.next_status,
        numbered.measured_by,
        numbered.next_measured_by,
    from numbered
    inner join orders on orders.order_number = numbered.order_number
)

select portout_id, change_number, status, began_at, ended_at, next_status, measured_by, next_measured_by
from named;

comment on table marts.fct_status_changes is 'One row per status that an order took. Every order begins as pending at inserted_at; then come its status events, without any the observations of our syncs; last its current status, if these do not end with it. Equal neighbours are one row.';
comment on column marts.fct_status_changes.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_status_changes.change_number is 'Counts an order''s statuses from 1.';
comment on column marts.fct_status_changes.status is 'Status taken; ''unknown'' where the API gave none.';
comment on column marts.fct_status_changes.began_at is 'When it began. Observed: when a sync first saw it, an upper bound.';
comment on column marts.fct_status_changes.ended_at is 'When the next status began; null for the current one.';
comment on column marts.fct_status_changes.next_status is 'Status that followed; null for the current one.';
comment on column marts.fct_status_changes.measured_by is 'What began_at rests on: event (or intake), observation, or unknown: the very first sync found it so, and no event tells since when.';
comment on column marts.fct_status_changes.next_measured_by is 'What ended_at rests on; null for the current status.';
