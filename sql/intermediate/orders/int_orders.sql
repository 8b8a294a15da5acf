/*
One row per port-out order, without its carrier_id: an order that arrives can give the carrier of an older order another
id. marts.fct_portouts adds it; it and marts.fct_order_stages compute hours and document the columns.

kind: per order
key: portout_id

carrier_name: Name of the gaining carrier as this order spells it.
later_answer: How the first spell that was answered ended, if that is not the first one. See int_order_outcomes.
later_answered_at: When it ended.
first_commented_at: When the first comment on the order was made; null without comments.
has_attempted_pin: Whether an event of the order shows a PIN that the gaining side attempted; null if none shows whether
    there was one.
*/
with joined as (
    select
        orders.portout_id,
        orders.account,
        orders.status,
        orders.spid,
        orders.carrier_name,
        outcomes.country_code,
        outcomes.number_count,
        orders.inserted_at,
        orders.updated_at,
        foc_days.requested_foc_on,
        foc_days.foc_on,
        foc_days.first_foc_on,
        foc_days.foc_change_count,
        foc_days.is_past_grace,
        foc_days.foc_lead_days,
        foc_days.foc_slip_days,
        foc_days.first_foc_slip_days,
        outcomes.status_began_at,
        outcomes.ported_at,
        outcomes.ported_at_source,
        outcomes.response,
        outcomes.responded_at,
        outcomes.later_answer,
        outcomes.later_answered_at,
        foc_days.is_foc_confirmed,
        foc_days.foc_confirmed_at,
        coalesce(events.comment_count, 0) as comment_count,
        events.first_commented_at,
        events.has_attempted_pin,
        orders.rejection_code,
        orders.rejection_reason,
        orders.support_key,
        orders.pon,
        orders.end_user_name,
        orders.city,
        orders.state,
        orders.zip,
        orders.current_carrier,
        orders.vendor,
        orders.is_already_ported,
    from staging.stg_portouts as orders
    inner join intermediate.int_order_outcomes as outcomes on outcomes.portout_id = orders.portout_id
    inner join intermediate.int_foc_days as foc_days on foc_days.portout_id = orders.portout_id
    left join intermediate.int_order_events as events on events.portout_id = orders.portout_id
),

-- Local times in the reporting time zone.
local as (
    select
        joined.*,
        (joined.inserted_at at time zone 'UTC') + receipts.utc_offset_seconds * interval '1 second' as received_local,
        (joined.responded_at at time zone 'UTC') + responses.utc_offset_seconds * interval '1 second' as responded_local,
        (joined.ported_at at time zone 'UTC') + ports.utc_offset_seconds * interval '1 second' as ported_local,
    from joined
    cross join staging.model_settings as settings
    -- The joins also compare the zone, of which there is only one: a hash join takes half the time of a range join.
    left join staging.utc_offsets as receipts
        on receipts.time_zone = settings.time_zone
        and joined.inserted_at >= receipts.starts_at
        and joined.inserted_at < receipts.ends_at
    left join staging.utc_offsets as responses
        on responses.time_zone = settings.time_zone
        and joined.responded_at >= responses.starts_at
        and joined.responded_at < responses.ends_at
    left join staging.utc_offsets as ports
        on ports.time_zone = settings.time_zone
        and joined.ported_at >= ports.starts_at
        and joined.ported_at < ports.ends_at
)

select
    portout_id, account, status, spid, carrier_name, country_code, number_count, inserted_at, updated_at,
    requested_foc_on, foc_on, first_foc_on, foc_change_count, is_past_grace,
    foc_lead_days, foc_slip_days, first_foc_slip_days,
    status_began_at, ported_at, ported_at_source, response, responded_at,
    later_answer, later_answered_at, is_foc_confirmed, foc_confirmed_at,
    comment_count, first_commented_at, has_attempted_pin,
    rejection_code, rejection_reason, support_key, pon,
    end_user_name, city, state, zip, current_carrier, vendor, is_already_ported,
    coalesce(status not in ('ported', 'rejected', 'canceled'), true) as is_open,
    cast(received_local as date) as received_on,
    cast(ported_local as date) as ported_on,
    cast(extract(hour from received_local) as bigint) as received_hour,
    cast(extract(hour from responded_local) as bigint) as responded_hour,
    -- 27 December 1999 is a Monday.
    cast(date_diff('day', date '1999-12-27', cast(received_local as date)) % 7 + 1 as bigint) as received_weekday,
    cast(date_diff('day', date '1999-12-27', cast(responded_local as date)) % 7 + 1 as bigint) as responded_weekday,
from local
