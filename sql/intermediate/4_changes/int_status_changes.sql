create or replace table staging.int_status_changes as
with history as (
    select order_number, position, status_code, began_at, evidence_code, is_change, is_last
    from event_history
    union all
    select order_number, position, status_code, began_at, evidence_code, is_change, is_last
    from observed_history
),

-- The few orders whose history does not end with their current status.
unexplained as (
    select
        orders.order_number,
        orders.portout_id,
        orders.status_code,
        orders.inserted_at,
        coalesce(history.position, 0) + 1 as position,
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

dated as (
    select
        seen.order_number,
        seen.seen_at,
        case
            when seen.seen_at = seen.first_seen_at and seen.inserted_at < syncs.previous_sync_at then 2
            when seen.seen_at <= syncs.first_sync_at and seen.inserted_at < syncs.first_sync_at then 2
            else 1
        end as evidence_code,
    from seen
    inner join observation_syncs as syncs on syncs.seen_at = seen.seen_at
),

changes as (
    select order_number, 0 as position, 0 as status_code, inserted_at as began_at, 0 as evidence_code
    from order_numbers
    union all
    select order_number, position, status_code, began_at, evidence_code
    from history
    where is_change
    union all
    select
        unexplained.order_number,
        unexplained.position,
        unexplained.status_code,
        coalesce(dated.seen_at, greatest(inputs.as_of, unexplained.previous_at)),
        coalesce(dated.evidence_code, 1),
    from unexplained
    cross join staging.model_inputs as inputs
    left join dated on dated.order_number = unexplained.order_number
)

select
    order_number,
    row_number() over (partition by order_number order by position) as change_number,
    status_code,
    began_at,
    lead(began_at) over (partition by order_number order by position) as ended_at,
    lag(status_code) over (partition by order_number order by position) as previous_code,
    lead(status_code) over (partition by order_number order by position) as next_code,
    evidence_code,
    lead(evidence_code) over (partition by order_number order by position) as next_evidence_code,
from changes;

comment on table staging.int_status_changes is 'One row per status of an order, with integer codes. marts.fct_status_changes shows it with names.';
comment on column staging.int_status_changes.order_number is 'Order, see int_orders.';
comment on column staging.int_status_changes.change_number is 'Number of the status within its order, from 1.';
comment on column staging.int_status_changes.status_code is 'Status, see int_statuses.';
comment on column staging.int_status_changes.began_at is 'When the status began. Without an event: when a sync first saw it, or as_of if none did.';
comment on column staging.int_status_changes.ended_at is 'When the next status began.';
comment on column staging.int_status_changes.previous_code is 'Previous status.';
comment on column staging.int_status_changes.next_code is 'Next status.';
comment on column staging.int_status_changes.evidence_code is 'Evidence for began_at, see int_evidence.';
comment on column staging.int_status_changes.next_evidence_code is 'Evidence for ended_at.';
