/*
One row per curve, breakdown and thing that lasts: how long it lasted, or is known to have lasted.

kind: view

curve: responses (pending spells until an answer, in hours) or tenures (numbers in service until the port-out, in days).
breakdown: What the things are grouped by: all; month, in which the spell began; country or type of the number.
month: The month of the breakdown month, else null.
value: The country or type of these breakdowns, unknown where it is not known; else all.
entered: Length from which the thing is observed; null if from its beginning.
duration: Length at its end, or at the instant until which it is observed.
is_ended: Whether it ended; if not, it is censored.
*/
with spells as (
    select
        responses.pending_month,
        case
            when responses.response = 'open'
                then date_diff('microsecond', responses.pending_at at time zone 'UTC', instant.as_of at time zone 'UTC') / 3.6e9
            else responses.response_hours
        end as hours,
        not responses.is_censored as is_answered,
    from intermediate.int_response_months as responses
    cross join staging.model_instant as instant
    where responses.measured_by <> 'unknown' and responses.pending_month is not null
)

select
    'responses' as curve, 'all' as breakdown, cast(null as date) as month, 'all' as value,
    cast(null as double) as entered, hours as duration, is_answered as is_ended,
from spells
where hours is not null
union all
select 'responses', 'month', pending_month, 'all', cast(null as double), hours, is_answered
from spells
where hours is not null
union all
select 'tenures', 'all', cast(null as date), 'all', entered_days, days, is_ported
from intermediate.int_number_tenures
union all
select 'tenures', 'country', cast(null as date), coalesce(country_code, 'unknown'), entered_days, days, is_ported
from intermediate.int_number_tenures
union all
select 'tenures', 'type', cast(null as date), coalesce(number_type, 'unknown'), entered_days, days, is_ported
from intermediate.int_number_tenures
