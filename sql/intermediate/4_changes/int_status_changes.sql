create or replace table staging.int_status_changes as
with history as (
    select order_number, place, status_code, began_at, measure_code, is_change, is_last
    from event_history
    union all
    select order_number, place, status_code, began_at, measure_code, is_change, is_last
    from observed_history
),

-- The few orders whose current status their history does not end with.
unexplained as (
    select
        orders.order_number,
        orders.portout_id,
        orders.status_code,
        orders.inserted_at,
        coalesce(history.place, 0) + 1 as place,
        coalesce(history.began_at, orders.inserted_at) as previous_at,
    from order_numbers as orders
    left join history on history.order_number = orders.order_number and history.is_last
    where orders.status_code <> coalesce(history.status_code, 0)
),

seen as (
    select
        unexplained.order_number,
        coalesce(unexplained.inserted_at, cast('-infinity' as timestamptz)) as inserted_at,
        min(observations.seen_at) as first_seen_at,
        min(
            case
                when coalesce(observations.status, 'unknown') = statuses.status
                    and observations.seen_at >= unexplained.previous_at then observations.seen_at
            end
        ) as seen_at,
    from unexplained
    inner join staging.int_statuses as statuses on statuses.status_code = unexplained.status_code
    inner join staging.stg_observations as observations on observations.portout_id = unexplained.portout_id
    group by unexplained.order_number, unexplained.inserted_at
),

measured as (
    select
        seen.order_number,
        seen.seen_at,
        case
            when seen.seen_at = seen.first_seen_at and seen.inserted_at < looks.last_look_at then 2
            when seen.seen_at <= looks.first_look_at and seen.inserted_at < looks.first_look_at then 2
            else 1
        end as measure_code,
    from seen
    inner join looks on looks.seen_at = seen.seen_at
),

changes as (
    select order_number, 0 as place, 0 as status_code, inserted_at as began_at, 0 as measure_code
    from order_numbers
    union all
    select order_number, place, status_code, began_at, measure_code
    from history
    where is_change
    union all
    select
        unexplained.order_number,
        unexplained.place,
        unexplained.status_code,
        coalesce(measured.seen_at, greatest(inputs.as_of, unexplained.previous_at)),
        coalesce(measured.measure_code, 1),
    from unexplained
    cross join staging.model_inputs as inputs
    left join measured on measured.order_number = unexplained.order_number
)

select
    order_number,
    row_number() over (partition by order_number order by place) as change_number,
    status_code,
    began_at,
    lead(began_at) over (partition by order_number order by place) as ended_at,
    lag(status_code) over (partition by order_number order by place) as previous_code,
    lead(status_code) over (partition by order_number order by place) as next_code,
    measure_code,
    lead(measure_code) over (partition by order_number order by place) as next_measure_code,
from changes;

comment on table staging.int_status_changes is 'One row per status that an order took, by numbers: marts.fct_status_changes shows it.';
comment on column staging.int_status_changes.order_number is 'Order, see int_orders.';
comment on column staging.int_status_changes.change_number is 'Counts an order''s statuses from 1.';
comment on column staging.int_status_changes.status_code is 'Status taken, see int_statuses.';
comment on column staging.int_status_changes.began_at is 'When it began; where no event tells, when a sync first saw it, or as_of where none did.';
comment on column staging.int_status_changes.ended_at is 'When the next one began.';
comment on column staging.int_status_changes.previous_code is 'Status before.';
comment on column staging.int_status_changes.next_code is 'Status after.';
comment on column staging.int_status_changes.measure_code is 'What began_at rests on, see int_measures.';
comment on column staging.int_status_changes.next_measure_code is 'What ended_at rests on.';
