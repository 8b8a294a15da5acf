create or replace table marts.dim_days as
with orders as (
    select received_on, ported_on
    from staging.int_orders as orders
),

today as (
    select cast((inputs.as_of at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as day
    from staging.model_inputs as inputs
    inner join staging.utc_offsets_reported as offsets
        on inputs.as_of >= offsets.starts_at and inputs.as_of < offsets.ends_at
),

-- Orders in raw can be slightly younger than as_of, hence the greatest.
bounds as (
    select
        coalesce(least(min(orders.received_on), min(orders.ported_on)), max(today.day)) as first_day,
        greatest(max(orders.received_on), max(orders.ported_on), max(today.day)) as last_day,
    from today
    left join orders on true
),

days as (
    select cast(series.day as date) as day
    from bounds
    cross join lateral generate_series(bounds.first_day, bounds.last_day, interval '1 day') as series (day)
)

select day, cast(date_trunc('week', day) as date) as week, cast(date_trunc('month', day) as date) as month
from days;

comment on table marts.dim_days is 'One row per day, without gaps: from the day of the first order received or ported to the day of as_of, or to a later day if an order is slightly younger than as_of. Without orders: only the day of as_of.';
comment on column marts.dim_days.day is 'Day in the reporting time zone.';
comment on column marts.dim_days.week is 'Monday of its week.';
comment on column marts.dim_days.month is 'First day of its month.';
