-- How fast are port-out requests answered before silence authorises them?
select
    strftime(month, '%Y-%m') as month,
    spells as requests,
    round(p50_hours, 1) as median_hours,
    round(p90_hours, 1) as p90_hours,
    within_24h,
    within_48h,
    automatic as by_silence,
    open as waiting,
from marts.agg_response_latency_monthly
order by month desc
limit 12
