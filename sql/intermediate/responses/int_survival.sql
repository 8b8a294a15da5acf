/*
One row per TODO.

kind: view
key: month, hours
*/
-- Kaplan-Meier: the share of unanswered spells, for all spells (month is null) and by the month in which they began.
with spells as (
    select
        responses.pending_month as month,
        case
            when responses.response = 'open'
                then date_diff('microsecond', responses.pending_at at time zone 'UTC', instant.as_of at time zone 'UTC') / 3.6e9
            else responses.response_hours
        end as hours,
        responses.is_censored,
    from intermediate.int_response_months as responses
    cross join staging.model_instant as instant
    where responses.measured_by <> 'unknown' and responses.pending_month is not null
),

curves as (
    select month, hours, is_censored
    from spells
    where hours is not null
    union all
    select null, hours, is_censored
    from spells
    where hours is not null
),

-- At risk are the spells that lasted at least as long.
at_risk as (
    select month, hours, is_censored, count(*) over (partition by month order by hours desc) as at_risk
    from curves
),

risks as (
    select
        month,
        hours,
        at_risk,
        count(case when not is_censored then 1 end) as responded,
        count(case when is_censored then 1 end) as censored,
    from at_risk
    group by month, hours, at_risk
)

-- If all spells at risk are answered at once, the share is 0 and the logarithm is undefined.
select
    month,
    hours,
    at_risk,
    responded,
    censored,
    case
        when responded = at_risk then 0
        else exp(
            sum(case when responded < at_risk then ln(1 - responded / cast(at_risk as double)) end)
                over (partition by month order by hours)
        )
    end as still_pending_share,
from risks
