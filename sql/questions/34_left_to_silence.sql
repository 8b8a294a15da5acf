-- What share of our answers do we leave to silence?
-- mart: agg_response_latency_monthly
-- Answers of unknown time, from before the very first sync, count as ours: early months look better than they were.
select
    month,
    responded,
    automatic,
    round(100.0 * automatic / nullif(responded, 0), 1) as automatic_percent,
from marts.agg_response_latency_monthly
order by month desc
limit 12
