create or replace table marts.agg_cohorts_weekly as
with weeks as (
    select distinct week
    from marts.dim_days
),

-- Hours since the end of the week, because orders are counted by hours and a local day can have 23 or 25 of them.
ended as (
    select
        weeks.week,
        (epoch_us(inputs.as_of) - epoch_us(cast(weeks.week + 7 as timestamp))) / 3.6e9
            + offsets.utc_offset_seconds / 3600e0 as hours_since_end,
    from weeks
    cross join staging.model_inputs as inputs
    inner join staging.utc_offsets_reported as offsets
        on cast(weeks.week + 7 as timestamp) >= offsets.local_starts_at
        and cast(weeks.week + 7 as timestamp) < offsets.local_ends_at
),

orders as (
    select
        cast(date_trunc('week', received_on) as date) as week,
        inserted_at,
        ported_at,
    from staging.int_orders
    where received_on is not null
),

cohorts as (
    select
        week,
        count(*) as orders_received,
        count(case when ported_at <= inserted_at + interval '168 hours' then 1 end) as ported_7d,
        count(case when ported_at <= inserted_at + interval '336 hours' then 1 end) as ported_14d,
        count(case when ported_at <= inserted_at + interval '720 hours' then 1 end) as ported_30d,
    from orders
    group by week
),

filled as (
    select
        ended.week,
        ended.hours_since_end,
        coalesce(cohorts.orders_received, 0) as orders_received,
        coalesce(cohorts.ported_7d, 0) as ported_7d,
        coalesce(cohorts.ported_14d, 0) as ported_14d,
        coalesce(cohorts.ported_30d, 0) as ported_30d,
        cast(cohorts.orders_received as double) as cohort_size,
    from ended
    left join cohorts on cohorts.week = ended.week
)

select
    week, orders_received, ported_7d, ported_14d, ported_30d,
    case when hours_since_end >= 168 then ported_7d / cohort_size end as share_7d,
    case when hours_since_end >= 336 then ported_14d / cohort_size end as share_14d,
    case when hours_since_end >= 720 then ported_30d / cohort_size end as share_30d,
from filled;

comment on table marts.agg_cohorts_weekly is 'One row per week of dim_days, Monday to Sunday, also without orders: how many of the orders received in the week were ported within 7, 14 and 30 days after they were received. A share is null until every order of the week is that old.';
comment on column marts.agg_cohorts_weekly.week is 'Monday of the week of inserted_at, in the reporting time zone.';
comment on column marts.agg_cohorts_weekly.orders_received is 'Orders received in the week.';
comment on column marts.agg_cohorts_weekly.ported_7d is 'Of these, ported within 7 times 24 hours; the count of a young week can still grow.';
comment on column marts.agg_cohorts_weekly.ported_14d is 'Of these, ported within 14 times 24 hours.';
comment on column marts.agg_cohorts_weekly.ported_30d is 'Of these, ported within 30 times 24 hours.';
comment on column marts.agg_cohorts_weekly.share_7d is 'ported_7d divided by orders_received, 0 to 1; null without orders and until 7 times 24 hours after the end of the week.';
comment on column marts.agg_cohorts_weekly.share_14d is 'ported_14d divided by orders_received; null without orders and until 14 times 24 hours after the end of the week.';
comment on column marts.agg_cohorts_weekly.share_30d is 'ported_30d divided by orders_received; null without orders and until 30 times 24 hours after the end of the week.';
