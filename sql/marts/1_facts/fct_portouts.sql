create or replace view marts.fct_portouts as
select
    orders.portout_id,
    orders.status,
    orders.is_open,
    carriers.carrier_id,
    carriers.carrier_name,
    orders.spid,
    orders.country_code,
    orders.number_count,
    orders.inserted_at,
    orders.received_on,
    orders.updated_at,
    orders.requested_foc_on,
    orders.foc_on,
    orders.first_foc_on,
    orders.foc_changes,
    orders.foc_lead_days,
    orders.foc_slip_days,
    orders.first_foc_slip_days,
    orders.status_began_at,
    orders.ported_at,
    orders.ported_on,
    orders.ported_at_source,
    orders.response,
    orders.responded_at,
    orders.response_hours,
    orders.rejection_code,
    orders.rejection_reason,
    orders.support_key,
    orders.pon,
from staging.int_orders as orders
inner join staging.int_carriers as carriers on carriers.carrier_number = orders.carrier_number;

comment on view marts.fct_portouts is 'One row per port-out order, as the API shows it at as_of. The response columns describe its first pending spell: the first period in which the order waited for our answer.';
comment on column marts.fct_portouts.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_portouts.status is 'Current status, by Telnyx''s name.';
comment on column marts.fct_portouts.is_open is 'Whether the status is none of ported, rejected and canceled. A missing or unknown status counts as open.';
comment on column marts.fct_portouts.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.fct_portouts.carrier_name is 'Name of the carrier in its most frequent spelling (dim_carriers); this order may spell it differently.';
comment on column marts.fct_portouts.spid is 'SPID of the gaining carrier as this order gives it.';
comment on column marts.fct_portouts.country_code is 'Country of the order''s first number.';
comment on column marts.fct_portouts.number_count is 'Numbers in the order.';
comment on column marts.fct_portouts.inserted_at is 'When Telnyx received the order.';
comment on column marts.fct_portouts.received_on is 'Day of inserted_at in the reporting time zone.';
comment on column marts.fct_portouts.updated_at is 'Last change of any field; it does not show a response.';
comment on column marts.fct_portouts.requested_foc_on is 'Day that the gaining side asked for. If Telnyx sent a time with it: the day of that instant where the order''s first number is.';
comment on column marts.fct_portouts.foc_on is 'Confirmed day (FOC, firm order commitment), as it is now; determined like requested_foc_on.';
comment on column marts.fct_portouts.first_foc_on is 'First day that was confirmed: the day in the first foc_date_changed event; requested_foc_on if the order was authorized more than a minute before that event; foc_on if there is no such event.';
comment on column marts.fct_portouts.foc_changes is 'How often the confirmed day changed after the first one, as far as events and foc_on show.';
comment on column marts.fct_portouts.foc_lead_days is 'Days from the day received to foc_on; null if one of them is missing. Days are those of the time zone of the order''s first number, else of business_time_zone.';
comment on column marts.fct_portouts.foc_slip_days is 'Days from foc_on to the day of ported_at, in the same time zone: positive is late, negative is early; null if one of them is missing.';
comment on column marts.fct_portouts.first_foc_slip_days is 'Days from first_foc_on to the day of ported_at: how late the order was against the first confirmed day.';
comment on column marts.fct_portouts.status_began_at is 'When the current status began. Without an event: when a sync first saw it, or as_of if none did.';
comment on column marts.fct_portouts.ported_at is 'When the numbers left: the time of the event, else the end of the narrowest ported_out_at window that returned the order, else null. Null unless ported.';
comment on column marts.fct_portouts.ported_on is 'Day of ported_at in the reporting time zone.';
comment on column marts.fct_portouts.ported_at_source is 'Evidence for ported_at: event, range, or unknown (ported at an unknown time). Null unless ported.';
comment on column marts.fct_portouts.response is 'How the first pending spell ended, see fct_responses.';
comment on column marts.fct_portouts.responded_at is 'When the first pending spell ended; null while it is open and if the time is unknown.';
comment on column marts.fct_portouts.response_hours is 'Hours from its beginning to its end; null while it is open and if the time is unknown.';
comment on column marts.fct_portouts.rejection_code is 'Telnyx''s code of the rejection; old orders have none.';
comment on column marts.fct_portouts.rejection_reason is 'Our text of the rejection; Telnyx empties it when the order is reopened.';
comment on column marts.fct_portouts.support_key is 'Short name of the order, for support requests to Telnyx; not a key.';
comment on column marts.fct_portouts.pon is 'Port order number (PON), assigned by the gaining side.';
