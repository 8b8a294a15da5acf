/*
One row per pending spell, with the month in which it began.

kind: per order view
key: portout_id, spell_number

pending_month: First day of the month of pending_at, in the reporting time zone.
*/
select
    responses.portout_id,
    responses.spell_number,
    cast(
        date_trunc(
            'month',
            (responses.pending_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second'
        ) as date
    ) as pending_month,
    responses.pending_at,
    responses.response,
    responses.response_hours,
    responses.response_business_hours,
    responses.is_within_one_business_day,
    responses.is_censored,
    responses.measured_by,
from marts.fct_responses as responses
left join staging.utc_offsets_reported as offsets
    on responses.pending_at >= offsets.starts_at and responses.pending_at < offsets.ends_at
