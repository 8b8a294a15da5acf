/*
One row per week of dim_days, Monday to Sunday, also without orders: how many of the orders received in the week were
ported within 7, 14 and 30 days after they were received. A share is null until every order of the week is that old.

kind: aggregate
key: week

week: Monday of the week of inserted_at, in the reporting time zone.
orders_received: Orders received in the week.
ported_7d: Of these, ported within 7 times 24 hours; the count of a young week can still grow.
ported_14d: Of these, ported within 14 times 24 hours.
ported_30d: Of these, ported within 30 times 24 hours.
share_7d: ported_7d divided by orders_received, 0 to 1; null without orders and until 7 times 24 hours after the end of
    the week.
share_14d: ported_14d divided by orders_received; null without orders and until 14 times 24 hours after the end of the
    week.
share_30d: ported_30d divided by orders_received; null without orders and until 30 times 24 hours after the end of the
    week.
*/
with weeks as (
    select week, cast(week + 7 as timestamp) as ends_at
    from marts.dim_days
    group by week
),

-- Hours since the end of the week, because orders are counted by hours and a local day can have 23 or 25 of them.
ended as (
    select
        weeks.week,
        date_diff('microsecond', weeks.ends_at, instant.as_of at time zone 'UTC') / 3.6e9
            + offsets.utc_offset_seconds / 3600e0 as hours_since_end,
    from weeks
    cross join staging.model_instant as instant
    inner join staging.utc_offsets_reported as offsets
        on weeks.ends_at >= offsets.local_starts_at and weeks.ends_at < offsets.local_ends_at
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
    left join intermediate.int_weekly_cohorts as cohorts on cohorts.week = ended.week
)

select
    week, orders_received, ported_7d, ported_14d, ported_30d,
    case when hours_since_end >= 168 then ported_7d / cohort_size end as share_7d,
    case when hours_since_end >= 336 then ported_14d / cohort_size end as share_14d,
    case when hours_since_end >= 720 then ported_30d / cohort_size end as share_30d,
from filled
