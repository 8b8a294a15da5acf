create or replace temp table observed_history as
with unannounced as (
    select order_numbers.order_number, order_numbers.portout_id, order_numbers.inserted_at
    from order_numbers
    left join event_history on event_history.order_number = order_numbers.order_number and event_history.is_last
    where event_history.order_number is null
),

sightings as (
    select
        unannounced.order_number,
        coalesce(unannounced.inserted_at, cast('-infinity' as timestamptz)) as inserted_at,
        coalesce(observations.status, 'unknown') as status,
        observations.seen_at,
        observations.updated_at,
        min(observations.seen_at) over (partition by unannounced.order_number) as first_seen_at,
    from staging.stg_observations as observations
    inner join unannounced on unannounced.portout_id = observations.portout_id
),

observed as (
    select
        sightings.order_number,
        sightings.status,
        sightings.seen_at,
        sightings.updated_at,
        case
            when sightings.seen_at = sightings.first_seen_at and sightings.inserted_at < looks.last_look_at then 2
            when sightings.seen_at <= looks.first_look_at and sightings.inserted_at < looks.first_look_at then 2
            else 1
        end as measure_code,
    from sightings
    inner join looks on looks.seen_at = sightings.seen_at
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by seen_at, updated_at, status) as place,
        status,
        seen_at,
        measure_code,
        lag(status, 1, 'pending') over (partition by order_number order by seen_at, updated_at, status)
            as previous_status,
        lead(seen_at) over (partition by order_number order by seen_at, updated_at, status) is null as is_last,
    from observed
)

select
    compared.order_number, compared.place, statuses.status_code, compared.seen_at as began_at, compared.measure_code,
    compared.status <> compared.previous_status as is_change, compared.is_last,
from compared
inner join staging.int_statuses as statuses on statuses.status = compared.status;
