/*
One row per port-out order, as the API shows it at as_of. The response columns describe its first pending spell: the
first period in which the order waited for our answer.

kind: per order view
key: portout_id

status: Current status, by Telnyx's name.
is_open: Whether the status is none of ported, rejected and canceled. A missing or unknown status counts as open.
carrier_id: Gaining carrier, see dim_carriers.
carrier_name: Name of the carrier in its most frequent spelling (dim_carriers); this order may spell it differently.
spid: SPID of the gaining carrier as this order gives it.
country_code: Country of the order's first number.
received_on: Day of inserted_at in the reporting time zone.
received_weekday: Weekday of inserted_at in the reporting time zone: 1 for Monday to 7 for Sunday.
received_hour: Hour of inserted_at in the reporting time zone, 0 to 23.
updated_at: Last change of any field; it does not show a response.
requested_foc_on: Day that the gaining side asked for. If Telnyx sent a time with it: the day of that instant where the
    order's first number is.
foc_on: Confirmed day (FOC, firm order commitment), as it is now; determined like requested_foc_on.
first_foc_on: First day that was confirmed: the day in the first foc_date_changed event; requested_foc_on if the order
    was authorized more than a minute before that event; foc_on if there is no such event.
foc_change_count: How often the confirmed day changed after the first one, as far as events and foc_on show.
foc_grace_until_on: Last day of the grace period, ten days after foc_on: Telnyx lets the gaining carrier port from foc_on
    until then.
is_past_grace: Whether the order was ported after foc_grace_until_on; null unless foc_on and the day of ported_at are
    known. Days are those of the time zone of the order's first number.
foc_lead_days: Days from the day received to foc_on; null if one of them is missing. Days are those of the time zone of
    the order's first number, else of business_time_zone.
foc_slip_days: Days from foc_on to the day of ported_at, in the same time zone: positive is late, negative is early;
    null if one of them is missing.
first_foc_slip_days: Days from first_foc_on to the day of ported_at: how late the order was against the first confirmed
    day.
status_began_at: When the current status began. Without an event: when a sync first saw it, or as_of if none did.
ported_at: When the numbers left: the time of the event, else the end of the narrowest ported_out_at window that
    returned the order, else null. Null unless ported.
ported_on: Day of ported_at in the reporting time zone.
ported_at_source: Evidence for ported_at: event, range, or unknown (ported at an unknown time). Null unless ported.
response: How the first pending spell ended, see fct_responses.
responded_at: When the first pending spell ended; null while it is open and if the time is unknown.
responded_weekday: Weekday of responded_at in the reporting time zone: 1 for Monday to 7 for Sunday.
responded_hour: Hour of responded_at in the reporting time zone, 0 to 23.
response_hours: Hours from its beginning to its end; null while it is open and if the time is unknown.
*/
select
    orders.portout_id,
    orders.account,
    orders.status,
    orders.is_open,
    carriers.carrier_id,
    carriers.carrier_name,
    orders.spid,
    orders.country_code,
    orders.number_count,
    orders.inserted_at,
    orders.received_on,
    orders.received_weekday,
    orders.received_hour,
    orders.updated_at,
    orders.requested_foc_on,
    orders.foc_on,
    orders.first_foc_on,
    orders.foc_change_count,
    cast(orders.foc_on + 10 as date) as foc_grace_until_on,
    orders.is_past_grace,
    orders.foc_lead_days,
    orders.foc_slip_days,
    orders.first_foc_slip_days,
    orders.status_began_at,
    orders.ported_at,
    orders.ported_on,
    orders.ported_at_source,
    orders.response,
    orders.responded_at,
    orders.responded_weekday,
    orders.responded_hour,
    date_diff('microsecond', orders.inserted_at at time zone 'UTC', orders.responded_at at time zone 'UTC') / 3.6e9
        as response_hours,
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
from intermediate.int_orders as orders
inner join intermediate.int_carrier_spellings as spellings
    on coalesce(spellings.spid, '') = coalesce(orders.spid, '')
    and coalesce(spellings.carrier_name, '') = coalesce(orders.carrier_name, '')
inner join marts.dim_carriers as carriers on carriers.carrier_id = spellings.carrier_id
