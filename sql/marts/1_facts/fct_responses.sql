create or replace view marts.fct_responses as
select
    orders.portout_id,
    responses.spell_number,
    responses.pending_at,
    responses.responded_at,
    responses.response,
    responses.response_hours,
    responses.response_business_hours,
    responses.is_within_one_business_day,
    responses.time_zone,
    responses.time_zone_source,
    responses.is_censored,
    evidence.measured_by,
    responses.deadline_at,
from staging.int_responses as responses
inner join staging.int_orders as orders on orders.order_number = responses.order_number
inner join staging.int_evidence as evidence on evidence.evidence_code = responses.evidence_code;

comment on view marts.fct_responses is 'One row per pending spell of an order. A spell is a continuous period in which the order is pending: the first begins at inserted_at, and another one each time the order becomes pending again. Only authorized, authorized_automatically and rejected are responses. A spell that ends otherwise, or is still open, is censored: we do not know how long an answer would have taken. For an order with events, observations between them are not used.';
comment on column marts.fct_responses.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_responses.spell_number is 'Number of the spell within its order, from 1.';
comment on column marts.fct_responses.pending_at is 'When the spell began.';
comment on column marts.fct_responses.responded_at is 'When the spell ended, with or without a response; null while it is open and if the time is unknown.';
comment on column marts.fct_responses.response is 'How the spell ended, by the next status: authorized (also if the next status is ported); authorized_automatically (an estimate: authorized after at least response_window_hours; an end that is only observed may have been earlier); rejected (by us); rejected_at_intake (not by us); canceled; other (an undocumented status); open.';
comment on column marts.fct_responses.response_hours is 'Hours from pending_at to responded_at, to the microsecond; null while the spell is open and if the time is unknown.';
comment on column marts.fct_responses.response_business_hours is 'response_hours in business hours: 08:00 to 17:00 local time of the number, Monday to Friday without the holidays of its country. The count starts at pending_at; for a request after 13:00 or on a day off it starts at 08:00 of the next business day. Never more than response_hours. Null if response_hours is null.';
comment on column marts.fct_responses.is_within_one_business_day is 'Whether the spell ended by 17:00 of the business day for which the request counts: the day of pending_at for a request up to 13:00, else the next business day. Null if response_hours is null.';
comment on column marts.fct_responses.time_zone is 'IANA time zone of the business hours: the zone of the order''s first number that has one, else business_time_zone.';
comment on column marts.fct_responses.time_zone_source is 'How the time zone was determined: exchange (the first six digits of a North American number), area_code (the zone of most exchanges of the area code; outside North America the prefix), country (the whole country had one time when the order arrived), setting (business_time_zone, because no number determines one), unknown (the number is hidden by pii, and an earlier version loaded it).';
comment on column marts.fct_responses.is_censored is 'Whether the spell ended, or still lasts, without a response.';
comment on column marts.fct_responses.measured_by is 'Evidence for the end, or for the beginning while the spell is open: event; observation (the first sync that saw it: the hours of a first spell are an upper bound; the hours of a later spell are no bound, because its beginning may be observed, too); unknown (the order had the status at the very first sync: the spell is in no percentile and not in the survival curve).';
comment on column marts.fct_responses.deadline_at is 'pending_at plus response_window_hours: the instant at which Telnyx authorises the order by itself.';
