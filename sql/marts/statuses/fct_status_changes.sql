/*
One row per status of an order. The first row is pending at inserted_at. The next rows are the status events of the
order or, if it has none, the observations of our syncs. The current status is added if it differs from the last of
these. Equal neighbours are one row.

kind: per order
key: portout_id, change_number

change_number: Number of the status within its order, from 1.
status: Status; 'unknown' if the API gave none.
began_at: When the status began. If it is observed: when a sync first saw it, or as_of if none did; an upper bound.
ended_at: When the next status began; null for the current one.
previous_status: Previous status; null for the first.
next_status: Next status; null for the current one.
measured_by: Evidence for began_at: event (or the receipt of the order); observation; unknown (the order had the status
    at the very first sync and has no event).
next_measured_by: Evidence for ended_at; null for the current status.
*/
with changes as (
    select portout_id, account, 0 as position, 'pending' as status, inserted_at as began_at, 'event' as measured_by
    from staging.stg_portouts
    union all
    select portout_id, cast(null as varchar), position, status, began_at, measured_by
    from intermediate.int_status_history
    where is_change
    union all
    select
        unexplained.portout_id,
        cast(null as varchar),
        unexplained.position,
        unexplained.status,
        coalesce(unexplained.seen_at, greatest(instant.as_of, unexplained.previous_at)),
        unexplained.measured_by,
    from intermediate.int_unexplained_statuses as unexplained
    cross join staging.model_instant as instant
)

select
    portout_id,
    first_value(account) over (partition by portout_id order by position) as account,
    cast(row_number() over (partition by portout_id order by position) as bigint) as change_number,
    status,
    began_at,
    lead(began_at) over (partition by portout_id order by position) as ended_at,
    lag(status) over (partition by portout_id order by position) as previous_status,
    lead(status) over (partition by portout_id order by position) as next_status,
    measured_by,
    lead(measured_by) over (partition by portout_id order by position) as next_measured_by,
from changes
