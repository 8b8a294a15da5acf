/*
One row per pending spell of an order. A spell is a continuous period in which the order is pending: the first begins at
inserted_at, and another one each time the order becomes pending again. Only authorized, authorized_automatically and
rejected are responses. A spell that ends otherwise, or is still open, is censored: we do not know how long an answer
would have taken. For an order with events, observations between them are not used.

kind: per order
key: portout_id, spell_number

responded_at: When the spell ended, with or without a response; null while it is open and if the time is unknown.
response: How the spell ended, by the next status: authorized (also if the next status is ported);
    authorized_automatically (an estimate: authorized after at least response_window_hours; an end that is only observed
    may have been earlier); rejected (by us); rejected_at_intake (not by us); canceled; other (an undocumented status);
    open.
response_hours: Hours from pending_at to responded_at, to the microsecond; null while the spell is open and if the time
    is unknown.
response_business_hours: response_hours in business hours: 08:00 to 17:00 local time of the number, Monday to Friday
    without the holidays of its country. The count starts at pending_at; for a request after 13:00 or on a day off it
    starts at 08:00 of the next business day. Never more than response_hours. Null if response_hours is null.
is_within_one_business_day: Whether the spell ended by 17:00 of the business day for which the request counts: the day
    of pending_at for a request up to 13:00, else the next business day. Null if response_hours is null.
time_zone: IANA time zone of the business hours: the zone of the order's first number that has one, else
    business_time_zone.
time_zone_source: How the time zone was determined: exchange (the first six digits of a North American number),
    area_code (the zone of most exchanges of the area code; outside North America the prefix), country (the whole
    country had one time when the order arrived), setting (business_time_zone, because no number determines one),
    unknown (the number is hidden by pii, and an earlier version loaded it).
is_censored: Whether the spell ended, or still lasts, without a response.
measured_by: Evidence for the end, or for the beginning while the spell is open: event; observation (the first sync that
    saw it: the hours of a first spell are an upper bound; the hours of a later spell are no bound, because its
    beginning may be observed, too); unknown (the order had the status at the very first sync: the spell is in no
    percentile and not in the survival curve).
deadline_at: pending_at plus response_window_hours: the instant at which Telnyx authorises the order by itself.
*/
-- A business day has nine hours, from 8:00 to 17:00. A request after 13:00 counts for the next business day.
with countries as (
    select country_code
    from intermediate.int_business_days
    group by country_code
),

spells as (
    select spells.*, coalesce(countries.country_code, '') as calendar
    from intermediate.int_spells as spells
    left join countries on countries.country_code = spells.country_code
),

counted as (
    select
        spells.*,
        9 * begin_days.business_days_before
            + case
                when not begin_days.is_business_day then 0
                when spells.pending_hour <= 13 then greatest(spells.pending_hour - 8, 0)
                else 9
            end as began_business_hour,
        9 * end_days.business_days_before
            + case when end_days.is_business_day then least(greatest(spells.responded_hour - 8, 0), 9) else 0 end
            as ended_business_hour,
        begin_days.business_days_before
            + case when begin_days.is_business_day and spells.pending_hour > 13 then 1 else 0 end as due_business_day,
        end_days.business_days_before as ended_business_day,
        end_days.is_business_day and spells.responded_hour > 17 as is_ended_after_hours,
        date_diff('microsecond', spells.pending_at at time zone 'UTC', spells.responded_at at time zone 'UTC') / 3.6e9
            as response_hours,
    from spells
    left join intermediate.int_business_days as begin_days
        on begin_days.country_code = spells.calendar and begin_days.day = spells.pending_on
    left join intermediate.int_business_days as end_days
        on end_days.country_code = spells.calendar and end_days.day = spells.responded_on
),

named as (
    select
        counted.*,
        case
            when next_status is null then 'open'
            when next_status in ('authorized', 'ported') and response_hours >= settings.response_window_hours
                then 'authorized_automatically'
            when next_status in ('authorized', 'ported') then 'authorized'
            when next_status = 'rejected-pending' then 'rejected'
            when next_status = 'rejected' then 'rejected_at_intake'
            when next_status = 'canceled' then 'canceled'
            else 'other'
        end as response,
        pending_at + settings.response_window_hours * interval '1 hour' as deadline_at,
    from counted
    cross join staging.model_settings as settings
)

select
    portout_id, account, spell_number, pending_at, responded_at, response, response_hours,
    -- At most response_hours: a zone can skip a day, as Samoa skipped 30 December 2011.
    case
        when response_hours is not null
        then least(greatest(ended_business_hour - began_business_hour, 0), greatest(response_hours, 0))
    end as response_business_hours,
    case
        when response_hours is not null
        then ended_business_day < due_business_day
            or ended_business_day = due_business_day and not is_ended_after_hours
    end as is_within_one_business_day,
    time_zone,
    time_zone_source,
    response not in ('authorized', 'authorized_automatically', 'rejected') as is_censored,
    measured_by,
    deadline_at,
from named
