-- agg_response_survival and fct_responses disagree on the number of spells at risk: please report it.
with steps as (
    select
        hours, at_risk, responded, censored,
        lead(at_risk, 1, 0) over (order by hours) as at_risk_after,
    from marts.agg_response_survival
),

counted as (
    select coalesce(sum(responded), 0) as responded, coalesce(sum(censored), 0) as censored
    from steps
),

-- Spells of known length: ended at a known time, or open since a known time.
expected as (
    select
        count(case when not is_censored then response_hours end) as responded,
        count(
            case
                when is_censored and response <> 'open' then response_hours
                when response = 'open' and measured_by <> 'unknown' and pending_at is not null then 0
            end
        ) as censored,
    from marts.fct_responses
)

select cast(hours as varchar) as hours, at_risk, responded, censored
from steps
where at_risk - responded - censored <> at_risk_after
union all
select 'all hours', expected.responded + expected.censored, counted.responded, counted.censored
from counted
cross join expected
where counted.responded <> expected.responded or counted.censored <> expected.censored
