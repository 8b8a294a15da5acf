/*
One row per month of dim_days, also without orders. The sums of agg_portouts_daily.

kind: aggregate
key: month

month: First day of the month, in the reporting time zone.
is_complete: Whether the month had ended at as_of. The last month is usually not complete.
orders_received: Orders whose inserted_at is in the month.
orders_ported: Orders that are ported now and whose ported_at is in the month.
orders_ported_by_range: Of orders_ported, those whose time is known only as the end of a range (ported_at_source): they
    may have been ported in an earlier month.
numbers_ported_by_range: Numbers in these orders.
orders_rejected: Orders that are rejected now and became so in the month, see agg_portouts_daily.
orders_canceled: Orders that are canceled now and became so in the month.
orders_open: Orders in a non-final status at the end of the month; in the last month, at as_of.
*/
with days as (
    select day, month, max(day) over (partition by month) as last_day
    from marts.dim_days
),

today as (
    select cast((instant.as_of at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as day
    from staging.model_instant as instant
    inner join staging.utc_offsets_reported as offsets
        on instant.as_of >= offsets.starts_at and instant.as_of < offsets.ends_at
),

summed as (
    select
        days.month,
        cast(sum(daily.orders_received) as bigint) as orders_received,
        cast(sum(daily.numbers_received) as bigint) as numbers_received,
        cast(sum(daily.orders_ported) as bigint) as orders_ported,
        cast(sum(daily.numbers_ported) as bigint) as numbers_ported,
        cast(sum(daily.orders_rejected) as bigint) as orders_rejected,
        cast(sum(daily.orders_canceled) as bigint) as orders_canceled,
        max(case when days.day = days.last_day then daily.orders_open end) as orders_open,
    from days
    inner join marts.agg_portouts_daily as daily on daily.day = days.day
    group by days.month
),

by_range as (
    select days.month, count(*) as orders_ported, cast(sum(orders.number_count) as bigint) as numbers_ported
    from intermediate.int_orders as orders
    inner join staging.calendar_days as days on days.day = orders.ported_on
    where orders.ported_at_source = 'range'
    group by days.month
)

select
    summed.month,
    summed.month < cast(date_trunc('month', today.day) as date) as is_complete,
    summed.orders_received,
    summed.numbers_received,
    summed.orders_ported,
    summed.numbers_ported,
    coalesce(by_range.orders_ported, 0) as orders_ported_by_range,
    coalesce(by_range.numbers_ported, 0) as numbers_ported_by_range,
    summed.orders_rejected,
    summed.orders_canceled,
    summed.orders_open,
from summed
cross join today
left join by_range on by_range.month = summed.month
