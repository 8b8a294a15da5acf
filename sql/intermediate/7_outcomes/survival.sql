-- Kaplan-Meier: the share of unanswered spells, for all spells (month is null) and by the month in which they began.
create or replace temp table survival as
with spells as (
    select
        cast(
            date_trunc(
                'month',
                (responses.pending_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second'
            ) as date
        ) as month,
        case
            when responses.response = 'open' then date_diff('microsecond', responses.pending_at, inputs.as_of) / 3.6e9
            else responses.response_hours
        end as hours,
        responses.is_censored,
    from staging.int_responses as responses
    cross join staging.model_inputs as inputs
    inner join staging.utc_offsets_reported as offsets
        on responses.pending_at >= offsets.starts_at and responses.pending_at < offsets.ends_at
    where responses.evidence_code < 2
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
from risks;
