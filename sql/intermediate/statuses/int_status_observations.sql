/*
One row per observation of an order without status events, in the sequence in which syncs saw them.

kind: per order temporary
key: portout_id, position

position: Place of the observation among those of the order, from 1.
status: Status that was seen.
began_at: The as_of of the sync that saw it first: an upper bound.
measured_by: observation; unknown if the order already existed at an earlier sync that did not record it.
is_change: Whether the status differs from the one before; before the first observation it is pending.
is_last: Whether no observation follows.
*/
with orders_without_events as (
    select orders.portout_id, orders.inserted_at
    from staging.stg_portouts as orders
    left join intermediate.int_status_events as events on events.portout_id = orders.portout_id and events.is_last
    where events.portout_id is null
),

seen as (
    select
        orders.portout_id,
        orders.inserted_at,
        coalesce(observations.status, 'unknown') as status,
        observations.seen_at,
        observations.updated_at,
        min(observations.seen_at) over (partition by orders.portout_id) as first_seen_at,
    from staging.stg_observations as observations
    inner join orders_without_events as orders on orders.portout_id = observations.portout_id
),

observed as (
    select
        seen.portout_id,
        seen.status,
        seen.seen_at,
        seen.updated_at,
        case
            when seen.seen_at = seen.first_seen_at
                and coalesce(seen.inserted_at < syncs.previous_sync_at, syncs.previous_sync_at is not null) then 'unknown'
            when seen.seen_at <= syncs.first_sync_at and coalesce(seen.inserted_at < syncs.first_sync_at, true)
                then 'unknown'
            else 'observation'
        end as measured_by,
    from seen
    inner join intermediate.int_observation_syncs as syncs on syncs.seen_at = seen.seen_at
),

compared as (
    select
        portout_id,
        row_number() over (partition by portout_id order by seen_at, updated_at nulls last, status) as position,
        status,
        seen_at,
        measured_by,
        lag(status, 1, 'pending') over (partition by portout_id order by seen_at, updated_at nulls last, status)
            as previous_status,
        lead(seen_at) over (partition by portout_id order by seen_at, updated_at nulls last, status) is null as is_last,
    from observed
)

select
    portout_id, position, status, seen_at as began_at, measured_by, status <> previous_status as is_change, is_last,
from compared
