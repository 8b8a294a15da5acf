/*
One row per day, without gaps: from the day of the first order received or ported to the day of as_of, or to a later day
if an order is slightly younger than as_of. Without orders: only the day of as_of.

kind: dimension
key: day

day: Day in the reporting time zone.
week: Monday of its week.
month: First day of its month.
*/
with bounds as (
    select
        least(first_received_on, coalesce(first_ported_on, first_received_on)) as first_day,
        greatest(last_received_on, coalesce(last_ported_on, last_received_on)) as last_day,
    from intermediate.int_order_days
),

today as (
    select cast((instant.as_of at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as day
    from staging.model_instant as instant
    inner join staging.utc_offsets_reported as offsets
        on instant.as_of >= offsets.starts_at and instant.as_of < offsets.ends_at
)

-- Orders in raw can be slightly younger than as_of, hence the greatest.
select days.day, days.week, days.month
from staging.calendar_days as days
cross join bounds
cross join today
where days.day >= coalesce(bounds.first_day, today.day)
    and days.day <= greatest(coalesce(bounds.last_day, today.day), today.day)
