-- How long do our answers take, month by month?
-- mart: agg_response_latency_monthly
-- p50 and p90 use answers of known time only; median_hours_censored also counts requests without an answer.
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
