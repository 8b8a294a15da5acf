create or replace table marts.agg_backlog_age as
with buckets as (
    select bucket_number, age_bucket
    from (values (cast(1 as bigint), '0-24 h'), (2, '24-48 h'), (3, 'over 48 h')) as buckets (bucket_number, age_bucket)
),

waiting as (
    select
        orders.number_count,
        responses.pending_at,
        date_diff('microsecond', responses.pending_at, inputs.as_of) / 3.6e9 as age_hours,
    from staging.int_orders as orders
    inner join staging.int_responses as responses on responses.order_number = orders.order_number
    cross join staging.model_inputs as inputs
    where orders.status = 'pending'
        and responses.response = 'open'
        and responses.evidence_code < 2
        and responses.pending_at is not null
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
group by buckets.bucket_number, buckets.age_bucket;

comment on table marts.agg_backlog_age is 'One row per age bucket, always three: the orders of rpt_open_orders by the time since their pending spell began. Orders whose beginning is unknown are in no bucket, nor are orders that were already pending at the very first sync and have no event.';
comment on column marts.agg_backlog_age.bucket_number is 'Sorts the buckets.';
comment on column marts.agg_backlog_age.age_bucket is '0-24 h (less than 24 hours at as_of); 24-48 h (24 and 48 included); over 48 h.';
comment on column marts.agg_backlog_age.orders is 'Orders that wait for our answer.';
comment on column marts.agg_backlog_age.numbers is 'Numbers in these orders.';
comment on column marts.agg_backlog_age.oldest_pending_at is 'When the oldest of their spells began; null without orders.';
