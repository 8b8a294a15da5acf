-- How long do our answers take, month by month?
-- mart: agg_response_latency_monthly
-- p50 and p90 see the timed answers only; median_hours_censored also counts those still waiting, or canceled first.
select
    month,
    spells,
    responded,
    timed,
    open,
    round(p50_hours, 1) as p50_hours,
    round(p90_hours, 1) as p90_hours,
    round(median_hours_censored, 1) as median_hours_censored,
    round(p50_business_hours, 1) as p50_business_hours,
from marts.agg_response_latency_monthly
order by month desc
limit 12
