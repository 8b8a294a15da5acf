-- agg_response_survival and fct_responses disagree on who was at risk: please report it.
with steps as (
    select hours, at_risk, responded + censored as ended, lead(at_risk, 1, 0) over (order by hours) as at_risk_after
    from marts.agg_response_survival
)

select hours, at_risk, ended, at_risk_after
from steps
where at_risk - ended <> at_risk_after
