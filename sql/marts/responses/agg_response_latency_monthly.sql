/*
One row per month in which pending spells began. Percentiles are interpolated over the responses of known time. They
leave out censored spells; median_hours_censored includes them.

kind: view
key: month

month: First day of the month of pending_at, in the reporting time zone.
spells: Pending spells that began in the month.
responded: Of these, ended by a response (authorized, authorized_automatically, rejected).
timed: Of the responses, those of known time: the basis of all percentiles and of all counts by hours.
open: Of the spells, still pending at as_of.
p50_hours: Median hours to the response.
p90_hours: 90th percentile of hours to the response.
p95_hours: 95th percentile of hours to the response.
max_hours: Longest time to a response, in hours.
within_24h: Responses of known time after at most 24 hours.
within_48h: Responses of known time after at most 48 hours.
p50_business_hours: Median business hours to the response, see fct_responses.
p90_business_hours: 90th percentile of business hours to the response.
within_one_business_day: Responses of known time that came by 17:00 of the business day for which the request counts,
    see fct_responses.
automatic: Responses that count as authorised by silence: an estimate.
median_hours_censored: Kaplan-Meier median hours to a response. Censored spells count until they end, open ones until
    as_of; spells of unknown length are left out. If exactly half of the spells are answered at one time, it is the
    middle between that answer and the next, so without censored spells it equals p50_hours. Null while more than half
    are unanswered.
*/
with answered as (
    select
        month,
        duration as hours,
        lasting_share as still_pending_share,
        lead(duration) over (partition by month order by duration) as next_hours,
    from intermediate.int_survival
    where curve = 'responses' and breakdown = 'month' and ended > 0
),

-- As in R: if exactly one half is unanswered from one answer to the next, the median is the middle between the two.
-- 1e-9 allows for rounding errors in a share of exactly one half.
halved as (
    select
        month,
        min(hours) as median_hours,
        min(case when still_pending_share > 0.5 - 1e-9 then next_hours end) as end_of_half_hours,
    from answered
    where still_pending_share <= 0.5 + 1e-9
    group by month
)

select
    latencies.month, latencies.spells, latencies.responded, latencies.timed, latencies.open,
    latencies.p50_hours, latencies.p90_hours, latencies.p95_hours, latencies.max_hours,
    latencies.within_24h, latencies.within_48h, latencies.p50_business_hours, latencies.p90_business_hours,
    latencies.within_one_business_day, latencies.automatic,
    (halved.median_hours + coalesce(halved.end_of_half_hours, halved.median_hours)) / 2 as median_hours_censored,
from intermediate.int_response_latencies as latencies
left join halved on halved.month = latencies.month
