-- A spell is a continuous period in which an order is pending: the term of survival analysis.
create or replace temp view spells as
with pending as (
    select
        order_number,
        row_number() over (partition by order_number order by change_number) as spell_number,
        next_code,
        coalesce(next_evidence_code, evidence_code) as evidence_code,
        began_at as pending_at,
        case when next_evidence_code < 2 then ended_at end as responded_at,
    from staging.int_status_changes
    where status_code = 0
),

located as (
    select
        pending.*,
        coalesce(order_places.time_zone, inputs.business_time_zone) as time_zone,
        coalesce(order_places.time_zone_source, 'setting') as time_zone_source,
        coalesce(order_places.business_country_code, inputs.business_country_code) as country_code,
    from pending
    cross join staging.model_inputs as inputs
    left join order_places on order_places.order_number = pending.order_number
),

-- Local times, in the time zone of the order.
local as (
    select
        located.*,
        (located.pending_at at time zone 'UTC') + pending_offsets.utc_offset_seconds * interval '1 second' as pending_local,
        (located.responded_at at time zone 'UTC') + responded_offsets.utc_offset_seconds * interval '1 second'
            as responded_local,
    from located
    left join staging.utc_offsets as pending_offsets
        on pending_offsets.time_zone = located.time_zone
        and located.pending_at >= pending_offsets.starts_at
        and located.pending_at < pending_offsets.ends_at
    left join staging.utc_offsets as responded_offsets
        on responded_offsets.time_zone = located.time_zone
        and located.responded_at >= responded_offsets.starts_at
        and located.responded_at < responded_offsets.ends_at
)

select
    order_number, spell_number, next_code, evidence_code, pending_at, responded_at,
    time_zone, time_zone_source, country_code,
    cast(pending_local as date) as pending_on,
    cast(responded_local as date) as responded_on,
    date_diff('microsecond', date_trunc('day', pending_local), pending_local) / 3.6e9 as pending_hour,
    date_diff('microsecond', date_trunc('day', responded_local), responded_local) / 3.6e9 as responded_hour,
from local;
