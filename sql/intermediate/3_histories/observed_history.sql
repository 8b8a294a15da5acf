create or replace temp table observed_history as
with unannounced as (
    select order_numbers.order_number, order_numbers.portout_id, order_numbers.inserted_at
    from order_numbers
    left join event_history on event_history.order_number = order_numbers.order_number and event_history.is_last
    where event_history.order_number is null
),

first_sync as (
    select min(as_of) as as_of
    from staging.stg_syncs
),

-- Whatever the very first sync finds may have begun at any time before it.
observed as (
    select
        unannounced.order_number,
        coalesce(observations.status, 'unknown') as status,
        observations.seen_at,
        observations.updated_at,
        case
            when observations.seen_at <= first_sync.as_of and unannounced.inserted_at < first_sync.as_of then 2
            else 1
        end as measure_code,
    from staging.stg_observations as observations
    inner join unannounced on unannounced.portout_id = observations.portout_id
    cross join first_sync
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
