create or replace table marts.fct_responses as
with spells as (
    select portout_id, change_number, began_at, ended_at, next_status, measured_by, next_measured_by
    from marts.fct_status_changes
    where status = 'pending'
),

inputs as (
    select response_window_hours
    from staging.model_inputs
),

timed as (
    select
        portout_id,
        row_number() over (partition by portout_id order by change_number) as spell_number,
        began_at as pending_at,
        case when next_measured_by <> 'unknown' then ended_at end as responded_at,
        next_status,
        coalesce(next_measured_by, measured_by) as measured_by,
    from spells
),

measured as (
    select
        portout_id,
        spell_number,
        pending_at,
        responded_at,
        next_status,
        date_diff('microsecond', pending_at, responded_at) / 3.6e9 as response_hours,
        measured_by,
    from timed
),

answered as (
    select
        measured.portout_id,
        measured.spell_number,
        measured.pending_at,
        measured.responded_at,
        case
            when measured.next_status is null then 'open'
            when measured.next_status in ('authorized', 'ported') then
                case
                    when measured.response_hours >= inputs.response_window_hours then 'authorized_automatically'
                    else 'authorized'
                end
            when measured.next_status = 'rejected-pending' then 'rejected'
            when measured.next_status = 'rejected' then 'rejected_at_intake'
            when measured.next_status = 'canceled' then 'canceled'
            else 'other'
        end as response,
        measured.response_hours,
        measured.measured_by,
        measured.pending_at
            + cast(inputs.response_window_hours * 3600 as bigint) * interval '1 second' as deadline_at,
    from measured
    cross join inputs
),

censored as (
    select
        portout_id,
        spell_number,
        pending_at,
        responded_at,
        response,
        response_hours,
        response not in ('authorized', 'authorized_automatically', 'rejected') as is_censored,
        measured_by,
        deadline_at,
    from answered
)

select
    portout_id, spell_number, pending_at, responded_at, response, response_hours, is_censored, measured_by, deadline_at,
from censored;

comment on table marts.fct_responses is 'One row per pending spell of an order: the first begins at inserted_at, another each time an order becomes pending again. Only authorized, authorized_automatically and rejected are responses; every other end censors the spell.';
comment on column marts.fct_responses.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_responses.spell_number is 'Counts an order''s pending spells from 1.';
comment on column marts.fct_responses.pending_at is 'When the spell began.';
comment on column marts.fct_responses.responded_at is 'When the spell ended, by a response or otherwise; null while open and when unknown.';
comment on column marts.fct_responses.response is 'authorized; authorized_automatically (an estimate: no sooner than the response window); rejected (by us); rejected_at_intake (without our doing); canceled; other (a status not yet documented); open. Told by the next status; ported counts as authorized.';
comment on column marts.fct_responses.response_hours is 'Hours from pending_at to responded_at, to the microsecond; null while open and when unknown.';
comment on column marts.fct_responses.is_censored is 'Whether the spell ended, or still goes on, without a response.';
comment on column marts.fct_responses.measured_by is 'What the end rests on (while open, the beginning): event, observation (an upper bound) or unknown (over before the very first sync; in no percentile and not in the survival curve).';
comment on column marts.fct_responses.deadline_at is 'pending_at plus the response window: then Telnyx authorises by itself.';
