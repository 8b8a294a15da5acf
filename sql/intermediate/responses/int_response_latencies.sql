/*
One row per month in which pending spells began: counts, and percentiles over the responses of known time.

kind: aggregate
key: month
groups: pending_month of intermediate.int_response_months
*/
with spells as (
    select
        pending_month as month,
        response,
        not is_censored as is_response,
        case when not is_censored then response_hours end as answer_hours,
        case when not is_censored then response_business_hours end as business_hours,
        not is_censored and is_within_one_business_day as is_within_one_business_day,
    from intermediate.int_response_months
    where pending_month is not null
),

counts as (
    select
        month,
        count(*) as spells,
        count(case when is_response then 1 end) as responded,
        count(answer_hours) as timed,
        count(case when response = 'open' then 1 end) as open,
        max(answer_hours) as max_hours,
        count(case when answer_hours <= 24 then 1 end) as within_24h,
        count(case when answer_hours <= 48 then 1 end) as within_48h,
        count(case when is_within_one_business_day then 1 end) as within_one_business_day,
        count(case when response = 'authorized_automatically' then 1 end) as automatic,
    from spells
    group by month
),

ranked as (
    select
        month,
        answer_hours,
        business_hours,
        row_number() over (partition by month order by answer_hours) - 1 as hours_below,
        row_number() over (partition by month order by business_hours) - 1 as business_hours_below,
        count(*) over (partition by month) - 1 as others,
    from spells
    where answer_hours is not null
),

-- A percentile is interpolated between the two nearest values. The weight of a value is 1 less its distance from the
-- place of the percentile, so only these two values count.
percentiles as (
    select
        month,
        sum(answer_hours * greatest(1 - abs(hours_below - 0.5e0 * others), 0)) as p50_hours,
        sum(answer_hours * greatest(1 - abs(hours_below - 0.9e0 * others), 0)) as p90_hours,
        sum(answer_hours * greatest(1 - abs(hours_below - 0.95e0 * others), 0)) as p95_hours,
        sum(business_hours * greatest(1 - abs(business_hours_below - 0.5e0 * others), 0)) as p50_business_hours,
        sum(business_hours * greatest(1 - abs(business_hours_below - 0.9e0 * others), 0)) as p90_business_hours,
    from ranked
    group by month
)

select
    counts.month, counts.spells, counts.responded, counts.timed, counts.open,
    percentiles.p50_hours, percentiles.p90_hours, percentiles.p95_hours, counts.max_hours,
    counts.within_24h, counts.within_48h, percentiles.p50_business_hours, percentiles.p90_business_hours,
    counts.within_one_business_day, counts.automatic,
from counts
left join percentiles on percentiles.month = counts.month
