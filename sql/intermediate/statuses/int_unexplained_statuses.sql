/*
One row per order whose history does not end with its current status; there are few. The current status is then one more
change.

kind: per order
key: portout_id

position: Place of the current status after the order's history.
status: Current status of the order.
previous_at: When the status before it began.
seen_at: The as_of of the sync that saw the current status first after that; null if none did, then as_of dates it.
measured_by: observation; unknown if the order already existed at an earlier sync that did not record it.
*/
with orders as (
    select portout_id, coalesce(status, 'unknown') as status, inserted_at
    from staging.stg_portouts
),

unexplained as (
    select
        orders.portout_id,
        coalesce(history.position, 0) + 1 as position,
        orders.status,
        orders.inserted_at,
        coalesce(history.began_at, orders.inserted_at) as previous_at,
    from orders
    left join intermediate.int_status_history as history on history.portout_id = orders.portout_id and history.is_last
    where orders.status <> coalesce(history.status, 'pending')
),

seen as (
    select
        unexplained.portout_id,
        unexplained.inserted_at,
        min(observations.seen_at) as first_seen_at,
        min(
            case
                when coalesce(observations.status, 'unknown') = unexplained.status
                    and observations.seen_at >= unexplained.previous_at then observations.seen_at
            end
        ) as seen_at,
    from unexplained
    inner join staging.stg_observations as observations on observations.portout_id = unexplained.portout_id
    group by unexplained.portout_id, unexplained.inserted_at
),

dated as (
    select
        seen.portout_id,
        seen.seen_at,
        case
            when seen.seen_at = seen.first_seen_at
                and coalesce(seen.inserted_at < syncs.previous_sync_at, syncs.previous_sync_at is not null) then 'unknown'
            when seen.seen_at <= syncs.first_sync_at and coalesce(seen.inserted_at < syncs.first_sync_at, true)
                then 'unknown'
            else 'observation'
        end as measured_by,
    from seen
    inner join intermediate.int_observation_syncs as syncs on syncs.seen_at = seen.seen_at
)

select
    unexplained.portout_id,
    unexplained.position,
    unexplained.status,
    unexplained.previous_at,
    dated.seen_at,
    coalesce(dated.measured_by, 'observation') as measured_by,
from unexplained
left join dated on dated.portout_id = unexplained.portout_id
