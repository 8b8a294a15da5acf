/*
One row per day of dim_days: without gaps, up to the day of as_of, or to a later day if an order is slightly younger
than as_of.

kind: aggregate
key: day

orders_received: Orders whose inserted_at is on the day.
orders_ported: Orders that are ported now and whose ported_at is on the day.
orders_rejected: Orders that are rejected now and became so on the day. Without an event: the day on which a sync first
    saw it, or the day of as_of if none did.
orders_canceled: Orders that are canceled now and became so on the day. Without an event: the day on which a sync first
    saw it, or the day of as_of if none did.
orders_open: Orders in a non-final status at the end of the day; on the last day, at as_of. An order without inserted_at
    counts on no day. An order without events stays open until a sync sees it closed.
*/
with bounds as (
    select min(day) as first_day, max(day) as last_day
    from marts.dim_days
),

-- Clocks can differ by a second around midnight: an event outside the calendar counts on the nearest day.
daily as (
    select
        least(greatest(counts.day, bounds.first_day), bounds.last_day) as day,
        sum(counts.received) as received,
        sum(counts.numbers_received) as numbers_received,
        sum(counts.ported) as ported,
        sum(counts.numbers_ported) as numbers_ported,
        sum(counts.rejected) as rejected,
        sum(counts.canceled) as canceled,
        sum(counts.opened) as opened,
    from intermediate.int_daily_counts as counts
    cross join bounds
    group by least(greatest(counts.day, bounds.first_day), bounds.last_day)
),

filled as (
    select
        days.day,
        cast(coalesce(daily.received, 0) as bigint) as orders_received,
        cast(coalesce(daily.numbers_received, 0) as bigint) as numbers_received,
        cast(coalesce(daily.ported, 0) as bigint) as orders_ported,
        cast(coalesce(daily.numbers_ported, 0) as bigint) as numbers_ported,
        cast(coalesce(daily.rejected, 0) as bigint) as orders_rejected,
        cast(coalesce(daily.canceled, 0) as bigint) as orders_canceled,
        cast(sum(coalesce(daily.opened, 0)) over (order by days.day) as bigint) as orders_open,
    from marts.dim_days as days
    left join daily on daily.day = days.day
)

select
    day, orders_received, numbers_received, orders_ported, numbers_ported, orders_rejected, orders_canceled, orders_open,
from filled
