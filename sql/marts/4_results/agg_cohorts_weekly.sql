create or replace table marts.agg_cohorts_weekly as
with today as (
    select cast(as_of at time zone time_zone as date) as day
    from staging.model_inputs
),

weeks as (
    select days.week, date_diff('day', days.week, today.day) - 7 as days_since_end
    from marts.dim_days as days
    cross join today
    group by days.week, today.day
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
        weeks.week,
        weeks.days_since_end,
        coalesce(cohorts.orders_received, 0) as orders_received,
        coalesce(cohorts.ported_7d, 0) as ported_7d,
        coalesce(cohorts.ported_14d, 0) as ported_14d,
        coalesce(cohorts.ported_30d, 0) as ported_30d,
        cast(cohorts.orders_received as double) as cohort_size,
    from weeks
    left join cohorts on cohorts.week = weeks.week
)

select
    week, orders_received, ported_7d, ported_14d, ported_30d,
    case when days_since_end >= 7 then ported_7d / cohort_size end as share_7d,
    case when days_since_end >= 14 then ported_14d / cohort_size end as share_14d,
    case when days_since_end >= 30 then ported_30d / cohort_size end as share_30d,
from filled
order by week;

comment on table marts.agg_cohorts_weekly is 'One row per week, Monday to Sunday, from the first of dim_days to that of as_of, also where no order was received: how many of the orders received in it were ported within 7, 14 and 30 days of being received. A share is null until every order of the week is that old.';
comment on column marts.agg_cohorts_weekly.week is 'Monday of the week of inserted_at, in the reporting time zone.';
comment on column marts.agg_cohorts_weekly.orders_received is 'Orders received in the week.';
comment on column marts.agg_cohorts_weekly.ported_7d is 'Of these, ported within 7 times 24 hours; so far, while the week is young.';
comment on column marts.agg_cohorts_weekly.ported_14d is 'Of these, ported within 14 times 24 hours.';
comment on column marts.agg_cohorts_weekly.ported_30d is 'Of these, ported within 30 times 24 hours.';
comment on column marts.agg_cohorts_weekly.share_7d is 'ported_7d of orders_received, 0 to 1; null until 7 days after the week''s end, and without orders.';
comment on column marts.agg_cohorts_weekly.share_14d is 'ported_14d of orders_received; null until 14 days after the week''s end.';
comment on column marts.agg_cohorts_weekly.share_30d is 'ported_30d of orders_received; null until 30 days after the week''s end.';
