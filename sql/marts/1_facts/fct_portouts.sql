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

comment on view marts.fct_portouts is 'One row per port-out order, as the API shows it at as_of. The response columns are those of its first pending spell.';
comment on column marts.fct_portouts.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_portouts.status is 'Current status in Telnyx''s words.';
comment on column marts.fct_portouts.is_open is 'Whether the status is none of ported, rejected, canceled; a missing or unknown one counts as open.';
comment on column marts.fct_portouts.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.fct_portouts.carrier_name is 'Its most frequent spelling (dim_carriers), not necessarily this order''s.';
comment on column marts.fct_portouts.spid is 'SPID of the gaining carrier as this order gives it.';
comment on column marts.fct_portouts.country_code is 'Country of the order''s first number.';
comment on column marts.fct_portouts.number_count is 'Numbers in the order.';
comment on column marts.fct_portouts.inserted_at is 'When Telnyx received the order.';
comment on column marts.fct_portouts.received_on is 'Day of inserted_at in the reporting time zone.';
comment on column marts.fct_portouts.updated_at is 'Last change of any field; no sign of a response.';
comment on column marts.fct_portouts.requested_foc_on is 'Day the gaining side asked for; where it was sent with a time, the day of that instant at the place of the order''s first number.';
comment on column marts.fct_portouts.foc_on is 'Confirmed day (firm order commitment), as it is now; read in the same way.';
comment on column marts.fct_portouts.first_foc_on is 'First day that was confirmed: that of the first foc_date_changed event; requested_foc_on where the order was authorized more than a minute before that event; foc_on where there is no such event.';
comment on column marts.fct_portouts.foc_changes is 'How often the confirmed day changed after the first, as far as events and foc_on show.';
comment on column marts.fct_portouts.foc_lead_days is 'Days from the day received to foc_on; null without either. Days are those of the place of the order''s first number, else of business_time_zone.';
comment on column marts.fct_portouts.foc_slip_days is 'Days from foc_on to the day of ported_at, at the same place: positive is late, negative early; null without either.';
comment on column marts.fct_portouts.first_foc_slip_days is 'The same from first_foc_on: how the first promise was kept.';
comment on column marts.fct_portouts.status_began_at is 'When the current status began; where no event tells, when a sync first saw it, or as_of where none did.';
comment on column marts.fct_portouts.ported_at is 'When the numbers left: the event''s time, else the end of the narrowest ported_out_at window that returned the order, else null. Null unless ported.';
comment on column marts.fct_portouts.ported_on is 'Day of ported_at in the reporting time zone.';
comment on column marts.fct_portouts.ported_at_source is 'What ported_at rests on: event, range, or unknown (ported, time not known). Null unless ported.';
comment on column marts.fct_portouts.response is 'How the first spell ended; see fct_responses.';
comment on column marts.fct_portouts.responded_at is 'When it ended; null while open and when unknown.';
comment on column marts.fct_portouts.response_hours is 'Hours that it took; null while open and when unknown.';
comment on column marts.fct_portouts.rejection_code is 'Telnyx''s code of the rejection; missing in old orders.';
comment on column marts.fct_portouts.rejection_reason is 'Our text on rejection; emptied when the order is reopened.';
comment on column marts.fct_portouts.support_key is 'Short name of the order in talks with Telnyx; not a key.';
comment on column marts.fct_portouts.pon is 'Port order number of the gaining side.';
