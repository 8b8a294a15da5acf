/*
One row per order: the requested, confirmed and actual days, in the time zone of its first number. Telnyx calls the
confirmed day FOC: firm order commitment.

kind: per order temporary
key: portout_id

is_foc_confirmed: Whether the order reached its FOC, see fct_order_stages.
foc_confirmed_at: When first_foc_on was confirmed, see fct_order_stages.
*/
with orders as (
    select
        outcomes.portout_id,
        coalesce(outcomes.time_zone, settings.business_time_zone) as time_zone,
        portouts.requested_foc_date,
        portouts.foc_date,
        portouts.inserted_at,
        coalesce(portouts.status, '') = 'ported' as is_ported,
        outcomes.ported_at,
    from staging.stg_portouts as portouts
    inner join intermediate.int_order_outcomes as outcomes on outcomes.portout_id = portouts.portout_id
    cross join staging.model_settings as settings
),

events as (
    select portout_id, foc_date, created_at
    from staging.stg_events
    where foc_date is not null and created_at is not null
),

-- A text is read only if it is a date from 2000-01-01 to 2099-12-31: some programs send 0001-01-01 for no date.
dated as (
    select
        sent_as,
        cast(substring(sent_as, 1, 10) as date) as written_on,
        -- With a semicolon at its end, because engines disagree on whether $ matches before a line break at the end.
        regexp_matches(
            concat(sent_as, ';'),
            '^.{10}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?([Zz]|[+-][01][0-9](:?[0-5][0-9])?)?;$'
        ) as has_time,
    from intermediate.int_foc_texts
    where
        regexp_matches(
            sent_as,
            '^20[0-9][0-9]-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)'
        )
        or regexp_matches(sent_as, '^20([02468][048]|[13579][26])-02-29')
),

timed as (
    select
        sent_as,
        written_on,
        case when has_time then cast(substring(sent_as, 12, 2) as integer) end as hours,
        case when has_time then cast(substring(sent_as, 15, 2) as integer) end as minutes,
        case when has_time then cast(substring(sent_as, 18, 2) as integer) end as seconds,
        case when has_time then regexp_matches(sent_as, '[.][0-9]*[1-9]') end as has_fraction,
        case
            when not has_time then ''
            when regexp_matches(sent_as, '[+-][0-9][0-9]:[0-9][0-9]$') then right(sent_as, 6)
            when regexp_matches(sent_as, '[+-][0-9][0-9][0-9][0-9]$') then right(sent_as, 5)
            when regexp_matches(sent_as, '[+-][0-9][0-9]$') then right(sent_as, 3)
            else ''
        end as utc_offset,
    from dated
),

-- The text with its offset is local time; local time minus the offset is UTC.
shifted as (
    select
        sent_as,
        written_on,
        has_fraction,
        cast(written_on as timestamp) + (
            hours * 3600 + minutes * 60 + seconds
            - case
                when substring(utc_offset, 1, 1) = '-' then -1
                else 1
            end * (
                coalesce(cast(nullif(substring(utc_offset, 2, 2), '') as integer), 0) * 3600
                + coalesce(cast(nullif(substring(replace(utc_offset, ':', ''), 4, 2), '') as integer), 0) * 60
            )
        ) * interval '1 second' as sent_utc,
    from timed
),

-- Midnight UTC means a day, not an instant.
texts as (
    select
        sent_as,
        case when has_fraction or sent_utc <> date_trunc('day', sent_utc) then sent_utc at time zone 'UTC' end as sent_at,
        coalesce(cast(sent_utc as date), written_on) as sent_on,
    from shifted
),

instants as (
    select
        texts.sent_as,
        offsets.time_zone,
        cast((texts.sent_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as local_on,
    from texts
    inner join staging.utc_offsets as offsets on texts.sent_at >= offsets.starts_at and texts.sent_at < offsets.ends_at
),

order_days as (
    select
        orders.portout_id,
        orders.time_zone,
        orders.inserted_at,
        orders.is_ported,
        orders.ported_at,
        coalesce(requested_instants.local_on, requested.sent_on) as requested_foc_on,
        coalesce(confirmed_instants.local_on, confirmed.sent_on) as foc_on,
    from orders
    left join texts as requested on requested.sent_as = orders.requested_foc_date
    left join texts as confirmed on confirmed.sent_as = orders.foc_date
    left join instants as requested_instants
        on requested_instants.sent_as = orders.requested_foc_date and requested_instants.time_zone = orders.time_zone
    left join instants as confirmed_instants
        on confirmed_instants.sent_as = orders.foc_date and confirmed_instants.time_zone = orders.time_zone
),

foc_events as (
    select
        order_days.portout_id,
        order_days.requested_foc_on,
        order_days.foc_on as current_foc_on,
        events.created_at,
        coalesce(instants.local_on, texts.sent_on) as foc_on,
    from events
    inner join order_days on order_days.portout_id = events.portout_id
    inner join texts on texts.sent_as = events.foc_date
    left join instants on instants.sent_as = events.foc_date and instants.time_zone = order_days.time_zone
    where coalesce(instants.local_on, texts.sent_on) is not null
),

first_foc_events as (
    select portout_id, requested_foc_on, current_foc_on, min(created_at) as created_at
    from foc_events
    group by portout_id, requested_foc_on, current_foc_on
),

numbered_authorizations as (
    select
        portout_id,
        began_at,
        measured_by,
        row_number() over (partition by portout_id order by change_number) as position,
    from marts.fct_status_changes
    where status = 'authorized'
),

authorizations as (
    select portout_id, measured_by, case when measured_by <> 'unknown' then began_at end as authorized_at
    from numbered_authorizations
    where position = 1
),

-- An authorization confirms the requested day, unless an event within one minute confirms another day.
confirmations as (
    select portout_id, 2 as part, created_at as confirmed_at, foc_on
    from foc_events
    union all
    select first_foc_events.portout_id, 1, authorizations.authorized_at, first_foc_events.requested_foc_on
    from first_foc_events
    inner join authorizations on authorizations.portout_id = first_foc_events.portout_id
    where authorizations.measured_by = 'event'
        and authorizations.authorized_at + interval '1 minute' < first_foc_events.created_at
        and first_foc_events.requested_foc_on is not null
    union all
    select portout_id, 3, created_at, current_foc_on
    from first_foc_events
    where current_foc_on is not null
),

sequenced as (
    select
        portout_id,
        foc_on,
        confirmed_at,
        row_number() over (partition by portout_id order by part, confirmed_at, foc_on) as position,
        lag(foc_on) over (partition by portout_id order by part, confirmed_at, foc_on) as previous_foc_on,
    from confirmations
),

histories as (
    select
        portout_id,
        max(case when position = 1 then foc_on end) as first_foc_on,
        max(case when position = 1 then confirmed_at end) as first_confirmed_at,
        count(case when foc_on <> previous_foc_on then 1 end) as foc_change_count,
    from sequenced
    group by portout_id
),

local as (
    select
        order_days.portout_id,
        order_days.requested_foc_on,
        order_days.foc_on,
        coalesce(histories.first_foc_on, order_days.foc_on) as first_foc_on,
        authorizations.portout_id is not null or order_days.is_ported as is_authorized,
        case
            when histories.first_confirmed_at > authorizations.authorized_at then histories.first_confirmed_at
            else authorizations.authorized_at
        end as confirmed_at,
        coalesce(histories.foc_change_count, 0) as foc_change_count,
        cast((order_days.inserted_at at time zone 'UTC') + receipts.utc_offset_seconds * interval '1 second' as date)
            as inserted_on,
        cast((order_days.ported_at at time zone 'UTC') + ports.utc_offset_seconds * interval '1 second' as date)
            as ported_on,
    from order_days
    left join histories on histories.portout_id = order_days.portout_id
    left join authorizations on authorizations.portout_id = order_days.portout_id
    left join staging.utc_offsets as receipts
        on receipts.time_zone = order_days.time_zone
        and order_days.inserted_at >= receipts.starts_at
        and order_days.inserted_at < receipts.ends_at
    left join staging.utc_offsets as ports
        on ports.time_zone = order_days.time_zone
        and order_days.ported_at >= ports.starts_at
        and order_days.ported_at < ports.ends_at
)

select
    portout_id, requested_foc_on, foc_on, first_foc_on, foc_change_count,
    first_foc_on is not null and is_authorized as is_foc_confirmed,
    case when first_foc_on is not null then confirmed_at end as foc_confirmed_at,
    -- Telnyx: the gaining carrier may port from the confirmed day to ten days after it.
    date_diff('day', foc_on, ported_on) > 10 as is_past_grace,
    cast(date_diff('day', inserted_on, foc_on) as bigint) as foc_lead_days,
    cast(date_diff('day', foc_on, ported_on) as bigint) as foc_slip_days,
    cast(date_diff('day', first_foc_on, ported_on) as bigint) as first_foc_slip_days,
from local
