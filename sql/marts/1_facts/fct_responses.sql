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
    measures.measured_by,
    responses.deadline_at,
from staging.int_responses as responses
inner join staging.int_orders as orders on orders.order_number = responses.order_number
inner join staging.int_measures as measures on measures.measure_code = responses.measure_code;

comment on view marts.fct_responses is 'One row per pending spell of an order: the first begins at inserted_at, another each time an order becomes pending again. Only authorized, authorized_automatically and rejected are responses; every other end censors the spell. Of an order with events, no observation between them is used.';
comment on column marts.fct_responses.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_responses.spell_number is 'Counts an order''s pending spells from 1.';
comment on column marts.fct_responses.pending_at is 'When the spell began.';
comment on column marts.fct_responses.responded_at is 'When the spell ended, by a response or otherwise; null while open and when unknown.';
comment on column marts.fct_responses.response is 'authorized; authorized_automatically (an estimate: no sooner than the response window; an end that is only observed may have come sooner); rejected (by us); rejected_at_intake (without our doing); canceled; other (a status not yet documented); open. Told by the next status; ported counts as authorized.';
comment on column marts.fct_responses.response_hours is 'Hours from pending_at to responded_at, to the microsecond; null while open and when unknown.';
comment on column marts.fct_responses.response_business_hours is 'The same in office hours, 08:00 to 17:00 on the clock where the number is, Monday to Friday but for the holidays of its country. The count starts at pending_at, but at 08:00 of the next business day for requests after 13:00 or on a day off. Never more than response_hours. Null as response_hours.';
comment on column marts.fct_responses.is_within_one_business_day is 'Whether the spell ended by 17:00 of the business day for which the request counts: that of pending_at up to 13:00, else the next one. Null as response_hours.';
comment on column marts.fct_responses.time_zone is 'IANA time zone of those hours: that of the order''s first number that has one, else business_time_zone.';
comment on column marts.fct_responses.time_zone_source is 'What the time zone rests on: exchange, area_code (the zone of most exchanges of a North American area code; elsewhere of the prefix), country (one clock for all of it when the order arrived), setting (business_time_zone: the number determines none), unknown (hidden by pii and read by an earlier version).';
comment on column marts.fct_responses.is_censored is 'Whether the spell ended, or still goes on, without a response.';
comment on column marts.fct_responses.measured_by is 'What the end rests on (while open, the beginning): event; observation (the first sync that saw it: the hours of a first spell are an upper bound, those of a later one bound nothing, since its beginning may be observed too); unknown (the very first sync found it so: in no percentile and not in the survival curve).';
comment on column marts.fct_responses.deadline_at is 'pending_at plus the response window: then Telnyx authorises by itself.';
