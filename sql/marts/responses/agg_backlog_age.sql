/*
One row per age bucket, always three: the orders of rpt_open_orders by the time since their pending spell began. Orders
whose beginning is unknown are in no bucket, nor are orders that were already pending at the very first sync and have no
event.

kind: aggregate
key: bucket_number

bucket_number: Sorts the buckets.
age_bucket: 0-24 h (less than 24 hours at as_of); 24-48 h (24 and 48 included); over 48 h.
orders: Orders that wait for our answer.
numbers: Numbers in these orders.
oldest_pending_at: When the oldest of their spells began; null without orders.
*/
with buckets as (
    select bucket_number, age_bucket
    from (values (cast(1 as bigint), '0-24 h'), (2, '24-48 h'), (3, 'over 48 h')) as buckets (bucket_number, age_bucket)
),

waiting as (
    select
        orders.number_count,
        spells.pending_at,
        date_diff('microsecond', spells.pending_at at time zone 'UTC', instant.as_of at time zone 'UTC') / 3.6e9
            as age_hours,
    from intermediate.int_pending_orders as orders
    inner join intermediate.int_open_spells as spells on spells.portout_id = orders.portout_id
    cross join staging.model_instant as instant
    where spells.measured_by <> 'unknown' and spells.pending_at is not null
),

classified as (
    select
        number_count,
        pending_at,
        case when age_hours < 24 then 1 when age_hours <= 48 then 2 else 3 end as bucket_number,
    from waiting
)

select
    buckets.bucket_number,
    buckets.age_bucket,
    count(classified.bucket_number) as orders,
    cast(coalesce(sum(classified.number_count), 0) as bigint) as numbers,
    min(classified.pending_at) as oldest_pending_at,
from buckets
left join classified on classified.bucket_number = buckets.bucket_number
group by buckets.bucket_number, buckets.age_bucket
