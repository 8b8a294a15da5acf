create or replace table staging.int_responses as
-- A business day has nine hours, from 8:00 to 17:00. A request after 13:00 counts for the next business day.
with counted as (
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
        (epoch_us(spells.responded_at) - epoch_us(spells.pending_at)) / 3.6e9 as response_hours,
    from spells
    left join business_days as begin_days
        on begin_days.country_code = spells.country_code and begin_days.day = spells.pending_on
    left join business_days as end_days
        on end_days.country_code = spells.country_code and end_days.day = spells.responded_on
),

named as (
    select
        counted.*,
        case
            when counted.next_code is null then 'open'
            when next_statuses.status in ('authorized', 'ported') then
                case
                    when counted.response_hours >= inputs.response_window_hours then 'authorized_automatically'
                    else 'authorized'
                end
            when next_statuses.status = 'rejected-pending' then 'rejected'
            when next_statuses.status = 'rejected' then 'rejected_at_intake'
            when next_statuses.status = 'canceled' then 'canceled'
            else 'other'
        end as response,
        counted.pending_at + to_microseconds(cast(inputs.response_window_hours * 3.6e9 as bigint)) as deadline_at,
    from counted
    cross join staging.model_inputs as inputs
    left join staging.int_statuses as next_statuses on next_statuses.status_code = counted.next_code
)

select
    order_number, spell_number, pending_at, responded_at, response, response_hours,
    time_zone, time_zone_source,
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
    response not in ('authorized', 'authorized_automatically', 'rejected') as is_censored,
    evidence_code, deadline_at,
from named;

comment on table staging.int_responses is 'One row per pending spell of an order, with integer codes. marts.fct_responses shows it and documents the columns.';
comment on column staging.int_responses.order_number is 'Order, see int_orders.';
comment on column staging.int_responses.spell_number is 'Number of the spell within its order, from 1.';
comment on column staging.int_responses.pending_at is 'When the spell began.';
comment on column staging.int_responses.responded_at is 'When the spell ended.';
comment on column staging.int_responses.response is 'How the spell ended.';
comment on column staging.int_responses.response_hours is 'Hours from pending_at to responded_at.';
comment on column staging.int_responses.response_business_hours is 'response_hours in business hours.';
comment on column staging.int_responses.is_within_one_business_day is 'Whether the spell ended by the close of the business day for which the request counts.';
comment on column staging.int_responses.time_zone is 'Time zone of the business hours.';
comment on column staging.int_responses.time_zone_source is 'How the time zone was determined.';
comment on column staging.int_responses.is_censored is 'Whether the spell ended, or still lasts, without a response.';
comment on column staging.int_responses.evidence_code is 'Evidence for the end of the spell, see int_evidence.';
comment on column staging.int_responses.deadline_at is 'When Telnyx authorises the order by itself.';
