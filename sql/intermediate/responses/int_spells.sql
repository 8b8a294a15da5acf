/*
One row per spell: a continuous period in which an order is pending. Spell is the term of survival analysis.

kind: per order temporary
key: portout_id, spell_number

spell_number: Number of the spell within its order, from 1.
next_status: Status that ended the spell; null while it is open.
measured_by: Evidence for the end of the spell; while it is open, for its beginning.
pending_at: When the spell began.
responded_at: When the spell ended; null while it is open and if the time is unknown.
time_zone: Time zone of the order's business hours.
time_zone_source: How the time zone was determined, see fct_responses.
country_code: Country of the order's holidays.
pending_on: Day of pending_at in this time zone.
responded_on: Day of responded_at in this time zone.
pending_hour: Hours from the beginning of pending_on to pending_at.
responded_hour: Hours from the beginning of responded_on to responded_at.
*/
with pending as (
    select
        portout_id,
        account,
        cast(row_number() over (partition by portout_id order by change_number) as bigint) as spell_number,
        next_status,
        coalesce(next_measured_by, measured_by) as measured_by,
        began_at as pending_at,
        case when next_measured_by <> 'unknown' then ended_at end as responded_at,
    from marts.fct_status_changes
    where status = 'pending'
),

located as (
    select
        pending.*,
        coalesce(places.time_zone, settings.business_time_zone) as time_zone,
        coalesce(places.time_zone_source, 'setting') as time_zone_source,
        coalesce(places.business_country_code, settings.business_country_code) as country_code,
    from pending
    cross join staging.model_settings as settings
    left join intermediate.int_order_places as places on places.portout_id = pending.portout_id
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
    portout_id, account, spell_number, next_status, measured_by, pending_at, responded_at,
    time_zone, time_zone_source, country_code,
    cast(pending_local as date) as pending_on,
    cast(responded_local as date) as responded_on,
    date_diff('microsecond', date_trunc('day', pending_local), pending_local) / 3.6e9 as pending_hour,
    date_diff('microsecond', date_trunc('day', responded_local), responded_local) / 3.6e9 as responded_hour,
from local
