create or replace temp table observed_history as
with orders_without_events as (
    select order_numbers.order_number, order_numbers.portout_id, order_numbers.inserted_at
    from order_numbers
    left join event_history on event_history.order_number = order_numbers.order_number and event_history.is_last
    where event_history.order_number is null
),

seen as (
    select
        orders_without_events.order_number,
        coalesce(orders_without_events.inserted_at, cast('-infinity' as timestamptz)) as inserted_at,
        coalesce(observations.status, 'unknown') as status,
        observations.seen_at,
        observations.updated_at,
        min(observations.seen_at) over (partition by orders_without_events.order_number) as first_seen_at,
    from staging.stg_observations as observations
    inner join orders_without_events on orders_without_events.portout_id = observations.portout_id
),

observed as (
    select
        seen.order_number,
        seen.status,
        seen.seen_at,
        seen.updated_at,
        case
            when seen.seen_at = seen.first_seen_at and seen.inserted_at < syncs.previous_sync_at then 2
            when seen.seen_at <= syncs.first_sync_at and seen.inserted_at < syncs.first_sync_at then 2
            else 1
        end as evidence_code,
    from seen
    inner join observation_syncs as syncs on syncs.seen_at = seen.seen_at
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by seen_at, updated_at, status) as position,
        status,
        seen_at,
        evidence_code,
        lag(status, 1, 'pending') over (partition by order_number order by seen_at, updated_at, status)
            as previous_status,
        lead(seen_at) over (partition by order_number order by seen_at, updated_at, status) is null as is_last,
    from observed
)

select
    compared.order_number,
    compared.position,
    statuses.status_code,
    compared.seen_at as began_at,
    compared.evidence_code,
    compared.status <> compared.previous_status as is_change,
    compared.is_last,
from compared
inner join staging.int_statuses as statuses on statuses.status = compared.status;
