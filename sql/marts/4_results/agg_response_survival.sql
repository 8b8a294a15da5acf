create or replace table marts.agg_response_survival as
with spells as (
    select
        case
            when responses.response = 'open' then date_diff('microsecond', responses.pending_at, inputs.as_of) / 3.6e9
            else responses.response_hours
        end as hours,
        responses.is_censored,
    from staging.int_responses as responses
    cross join staging.model_inputs as inputs
    where responses.measure_code < 2
),

-- At risk is whoever was pending for at least as long.
at_risk as (
    select hours, is_censored, count(*) over (order by hours desc) as at_risk
    from spells
    where hours is not null
),

risks as (
    select
        hours,
        at_risk,
        count(case when not is_censored then 1 end) as responded,
        count(case when is_censored then 1 end) as censored,
    from at_risk
    group by hours, at_risk
),

-- When everybody left at risk answers, the logarithm has no value; the share is then 0.
survival as (
    select
        hours,
        at_risk,
        responded,
        censored,
        case
            when responded = at_risk then 0
            else exp(
                sum(case when responded < at_risk then ln(1 - responded / cast(at_risk as double)) end)
                    over (order by hours)
            )
        end as still_pending_share,
    from risks
)

select hours, at_risk, responded, censored, still_pending_share
from survival
order by hours;

comment on table marts.agg_response_survival is 'One row per distinct time after which a pending spell was answered or censored: the Kaplan-Meier curve of "still unanswered". Spells of unknown length, ended or open, are left out.';
comment on column marts.agg_response_survival.hours is 'Hours since the spell began.';
comment on column marts.agg_response_survival.at_risk is 'Spells that lasted at least so long.';
comment on column marts.agg_response_survival.responded is 'Spells answered after exactly so long.';
comment on column marts.agg_response_survival.censored is 'Spells that ended without a response, or are open, after exactly so long; they were at risk until then.';
comment on column marts.agg_response_survival.still_pending_share is 'Estimated share of spells unanswered after so long, 0 to 1.';
