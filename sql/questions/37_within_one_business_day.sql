-- Do we answer within one business day, wherever the numbers are?
-- mart: fct_responses
-- Answers by 17:00 of the day for which the request counts, of all answers of known time.
select
    time_zone,
    count(*) as responses,
    count(case when is_within_one_business_day then 1 end) as within_one_business_day,
    round(100.0 * count(case when is_within_one_business_day then 1 end) / count(*), 1) as percent,
    round(percentile_cont(0.5) within group (order by response_business_hours), 1) as p50_business_hours,
    round(percentile_cont(0.5) within group (order by response_hours), 1) as p50_hours,
from marts.fct_responses
where not is_censored and response_hours is not null
group by time_zone
order by responses desc, time_zone
