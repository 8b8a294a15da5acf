create or replace table marts.agg_response_latency_monthly as
with spells as (
    select
        cast(
            date_trunc(
                'month',
                (responses.pending_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second'
            ) as date
        ) as month,
        responses.response,
        not responses.is_censored as is_response,
        case when not responses.is_censored then responses.response_hours end as answer_hours,
        case when not responses.is_censored then responses.response_business_hours end as business_hours,
        not responses.is_censored and responses.is_within_one_business_day as is_within_one_business_day,
    from staging.int_responses as responses
    inner join staging.utc_offsets_reported as offsets
        on responses.pending_at >= offsets.starts_at and responses.pending_at < offsets.ends_at
),

latencies as (
    select
        month,
        count(*) as spells,
        count(case when is_response then 1 end) as responded,
        count(answer_hours) as timed,
        count(case when response = 'open' then 1 end) as open,
        percentile_cont(0.5) within group (order by answer_hours) as p50_hours,
        percentile_cont(0.9) within group (order by answer_hours) as p90_hours,
        percentile_cont(0.95) within group (order by answer_hours) as p95_hours,
        max(answer_hours) as max_hours,
        count(case when answer_hours <= 24 then 1 end) as within_24h,
        count(case when answer_hours <= 48 then 1 end) as within_48h,
        percentile_cont(0.5) within group (order by business_hours) as p50_business_hours,
        percentile_cont(0.9) within group (order by business_hours) as p90_business_hours,
        count(case when is_within_one_business_day then 1 end) as within_one_business_day,
        count(case when response = 'authorized_automatically' then 1 end) as automatic,
    from spells
    group by month
),

answered as (
    select
        month,
        hours,
        still_pending_share,
        lead(hours) over (partition by month order by hours) as next_hours,
    from survival
    where month is not null and responded > 0
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
),

medians as (
    select month, (median_hours + coalesce(end_of_half_hours, median_hours)) / 2 as median_hours_censored
    from halved
),

joined as (
    select latencies.*, medians.median_hours_censored
    from latencies
    left join medians on medians.month = latencies.month
)

select
    month, spells, responded, timed, open, p50_hours, p90_hours, p95_hours, max_hours,
    within_24h, within_48h, p50_business_hours, p90_business_hours, within_one_business_day, automatic,
    median_hours_censored,
from joined;

comment on table marts.agg_response_latency_monthly is 'One row per month in which pending spells began. Percentiles are interpolated over the responses of known time. They leave out censored spells; median_hours_censored includes them.';
comment on column marts.agg_response_latency_monthly.month is 'First day of the month of pending_at, in the reporting time zone.';
comment on column marts.agg_response_latency_monthly.spells is 'Pending spells that began in the month.';
comment on column marts.agg_response_latency_monthly.responded is 'Of these, ended by a response (authorized, authorized_automatically, rejected).';
comment on column marts.agg_response_latency_monthly.timed is 'Of the responses, those of known time: the basis of all percentiles and of all counts by hours.';
comment on column marts.agg_response_latency_monthly.open is 'Of the spells, still pending at as_of.';
comment on column marts.agg_response_latency_monthly.p50_hours is 'Median hours to the response.';
comment on column marts.agg_response_latency_monthly.p90_hours is '90th percentile of hours to the response.';
comment on column marts.agg_response_latency_monthly.p95_hours is '95th percentile of hours to the response.';
comment on column marts.agg_response_latency_monthly.max_hours is 'Longest time to a response, in hours.';
comment on column marts.agg_response_latency_monthly.within_24h is 'Responses of known time after at most 24 hours.';
comment on column marts.agg_response_latency_monthly.within_48h is 'Responses of known time after at most 48 hours.';
comment on column marts.agg_response_latency_monthly.p50_business_hours is 'Median business hours to the response, see fct_responses.';
comment on column marts.agg_response_latency_monthly.p90_business_hours is '90th percentile of business hours to the response.';
comment on column marts.agg_response_latency_monthly.within_one_business_day is 'Responses of known time that came by 17:00 of the business day for which the request counts, see fct_responses.';
comment on column marts.agg_response_latency_monthly.automatic is 'Responses that count as authorised by silence: an estimate.';
comment on column marts.agg_response_latency_monthly.median_hours_censored is 'Kaplan-Meier median hours to a response. Censored spells count until they end, open ones until as_of; spells of unknown length are left out. If exactly half of the spells are answered at one time, it is the middle between that answer and the next, so without censored spells it equals p50_hours. Null while more than half are unanswered.';
