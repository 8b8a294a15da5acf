/*
One row per day on which something happened to orders, in the reporting time zone.

kind: aggregate
key: day

day: The day; null for what happened at an unknown time.
received: Orders received.
numbers_received: Numbers in these orders.
ported: Orders ported.
numbers_ported: Numbers in these orders.
rejected: Orders whose current status is rejected and began on the day.
canceled: Orders whose current status is canceled and began on the day.
opened: Orders that became open, less those that were closed.
*/
with orders as (
    select portout_id, status, number_count, received_on, ported_on, ported_at, ported_at_source, status_began_at
    from intermediate.int_orders
),

offsets as (
    select starts_at, ends_at, utc_offset_seconds
    from staging.utc_offsets_reported
),

-- Status changes that closed an order or reopened it.
open_changes as (
    select
        changes.portout_id,
        changes.began_at,
        changes.next_status is null as is_current,
        case when coalesce(statuses.is_final, false) then -1 else 1 end as opened,
    from marts.fct_status_changes as changes
    left join intermediate.int_known_statuses as statuses on statuses.status = changes.status
    left join intermediate.int_known_statuses as previous_statuses on previous_statuses.status = changes.previous_status
    where changes.previous_status is not null
        and coalesce(statuses.is_final, false) <> coalesce(previous_statuses.is_final, false)
),

-- A ported_out_at window dates a port-out better than the sync that first saw it.
dated_by_range as (
    select portout_id, ported_at
    from orders
    where ported_at_source = 'range'
),

-- Only a few orders are in the two sets, which is why they are joined instead of all orders.
dated as (
    select
        case
            when open_changes.is_current and dated_by_range.portout_id is not null then dated_by_range.ported_at
            else open_changes.began_at
        end as changed_at,
        open_changes.opened,
    from open_changes
    left join dated_by_range on dated_by_range.portout_id = open_changes.portout_id
    where open_changes.portout_id not in (select portout_id from orders where received_on is null)
),

daily_events as (
    select
        received_on as day, 1 as received, number_count as numbers_received,
        0 as ported, 0 as numbers_ported, 0 as rejected, 0 as canceled, 1 as opened,
    from orders
    where received_on is not null
    union all
    select ported_on, 0, 0, 1, number_count, 0, 0, 0
    from orders
    where ported_on is not null
    union all
    select
        cast((orders.status_began_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date),
        0, 0, 0, 0,
        case when orders.status = 'rejected' then 1 else 0 end,
        case when orders.status = 'canceled' then 1 else 0 end,
        0,
    from orders
    left join offsets on orders.status_began_at >= offsets.starts_at and orders.status_began_at < offsets.ends_at
    where orders.status in ('rejected', 'canceled')
    union all
    select
        cast((dated.changed_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date),
        0, 0, 0, 0, 0, 0, dated.opened
    from dated
    left join offsets on dated.changed_at >= offsets.starts_at and dated.changed_at < offsets.ends_at
)

select
    day,
    cast(sum(received) as bigint) as received,
    cast(sum(numbers_received) as bigint) as numbers_received,
    cast(sum(ported) as bigint) as ported,
    cast(sum(numbers_ported) as bigint) as numbers_ported,
    cast(sum(rejected) as bigint) as rejected,
    cast(sum(canceled) as bigint) as canceled,
    cast(sum(opened) as bigint) as opened,
from daily_events
group by day
