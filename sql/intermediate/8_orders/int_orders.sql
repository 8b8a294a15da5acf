create or replace table staging.int_orders as
with joined as (
    select
        orders.*,
        carriers.carrier_number,
        outcomes.* exclude (portout_id),
        foc_days.* exclude (order_number),
    from staging.stg_portouts as orders
    inner join order_outcomes as outcomes on outcomes.portout_id = orders.portout_id
    inner join foc_days on foc_days.order_number = outcomes.order_number
    inner join staging.int_carrier_spellings as spellings
        on spellings.spid is not distinct from orders.spid
        and spellings.carrier_name is not distinct from orders.carrier_name
    inner join staging.int_carriers as carriers on carriers.carrier_id = spellings.carrier_id
),

dated as (
    select
        joined.*,
        cast((joined.inserted_at at time zone 'UTC') + receipts.utc_offset_seconds * interval '1 second' as date)
            as received_on,
        cast((joined.ported_at at time zone 'UTC') + ports.utc_offset_seconds * interval '1 second' as date) as ported_on,
    from joined
    cross join staging.model_inputs as inputs
    -- The join also compares the zone, of which there is only one: a hash join takes half the time of a range join.
    left join staging.utc_offsets as receipts
        on receipts.time_zone = inputs.time_zone
        and joined.inserted_at >= receipts.starts_at
        and joined.inserted_at < receipts.ends_at
    left join staging.utc_offsets as ports
        on ports.time_zone = inputs.time_zone
        and joined.ported_at >= ports.starts_at
        and joined.ported_at < ports.ends_at
)

select
    order_number, portout_id, status, coalesce(status not in ('ported', 'rejected', 'canceled'), true) as is_open,
    carrier_number, spid, country_code, number_count,
    inserted_at, received_on, updated_at, requested_foc_on, foc_on,
    first_foc_on, foc_changes, foc_lead_days, foc_slip_days, first_foc_slip_days,
    status_began_at, ported_at, ported_on, ported_at_source,
    response, responded_at, response_hours, rejection_code, rejection_reason, support_key, pon,
from dated;

comment on table staging.int_orders is 'One row per port-out order, with its integer code. marts.fct_portouts shows it and documents the columns.';
comment on column staging.int_orders.order_number is 'Integer code of the order, by inserted_at. Each build assigns new codes, so do not store them.';
comment on column staging.int_orders.carrier_number is 'Gaining carrier, see int_carriers.';
comment on column staging.int_orders.portout_id is 'Telnyx''s id of the order.';
comment on column staging.int_orders.status is 'Current status, by Telnyx''s name.';
comment on column staging.int_orders.is_open is 'Whether the status is none of ported, rejected and canceled. A missing or unknown status counts as open.';
comment on column staging.int_orders.spid is 'SPID of the gaining carrier as this order gives it.';
comment on column staging.int_orders.country_code is 'Country of the order''s first number.';
comment on column staging.int_orders.number_count is 'Numbers in the order.';
comment on column staging.int_orders.inserted_at is 'When Telnyx received the order.';
comment on column staging.int_orders.received_on is 'Day of inserted_at in the reporting time zone.';
comment on column staging.int_orders.updated_at is 'Last change of any field; it does not show a response.';
comment on column staging.int_orders.requested_foc_on is 'Day that the gaining side asked for. If Telnyx sent a time with it: the day of that instant where the order''s first number is.';
comment on column staging.int_orders.foc_on is 'Confirmed day (FOC, firm order commitment), as it is now; determined like requested_foc_on.';
comment on column staging.int_orders.first_foc_on is 'First day that was confirmed.';
comment on column staging.int_orders.foc_changes is 'How often the confirmed day changed.';
comment on column staging.int_orders.foc_lead_days is 'Days from the day received to foc_on; null if one of them is missing.';
comment on column staging.int_orders.foc_slip_days is 'Days from foc_on to the day ported.';
comment on column staging.int_orders.first_foc_slip_days is 'Days from first_foc_on to the day ported.';
comment on column staging.int_orders.status_began_at is 'When the current status began. Without an event: when a sync first saw it, or as_of if none did.';
comment on column staging.int_orders.ported_at is 'When the numbers left: the time of the event, else the end of the narrowest ported_out_at window that returned the order, else null. Null unless ported.';
comment on column staging.int_orders.ported_on is 'Day of ported_at in the reporting time zone.';
comment on column staging.int_orders.ported_at_source is 'Evidence for ported_at: event, range, or unknown (ported at an unknown time). Null unless ported.';
comment on column staging.int_orders.response is 'How the first pending spell ended, see fct_responses.';
comment on column staging.int_orders.responded_at is 'When the first pending spell ended; null while it is open and if the time is unknown.';
comment on column staging.int_orders.response_hours is 'Hours from its beginning to its end; null while it is open and if the time is unknown.';
comment on column staging.int_orders.rejection_code is 'Telnyx''s code of the rejection; old orders have none.';
comment on column staging.int_orders.rejection_reason is 'Our text of the rejection; Telnyx empties it when the order is reopened.';
comment on column staging.int_orders.support_key is 'Short name of the order, for support requests to Telnyx; not a key.';
comment on column staging.int_orders.pon is 'Port order number (PON), assigned by the gaining side.';
