create or replace table marts.agg_portouts_daily as
with orders as (
    select order_number, status, number_count, received_on, ported_on, ported_at, ported_at_source, status_began_at
    from staging.int_orders
),

offsets as (
    select starts_at, ends_at, utc_offset_seconds
    from staging.utc_offsets_reported
),

-- Status changes that closed an order or reopened it.
open_changes as (
    select
        changes.order_number,
        changes.began_at,
        changes.next_code is null as is_current,
        case when statuses.is_final then -1 else 1 end as opened,
    from staging.int_status_changes as changes
    inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
    inner join staging.int_statuses as previous_statuses on previous_statuses.status_code = changes.previous_code
    where statuses.is_final <> previous_statuses.is_final
),

-- A ported_out_at window dates a port-out better than the sync that first saw it.
dated as (
    select
        case
            when open_changes.is_current and orders.ported_at_source = 'range' then orders.ported_at
            else open_changes.began_at
        end as changed_at,
        open_changes.opened,
    from open_changes
    inner join orders on orders.order_number = open_changes.order_number
    where orders.received_on is not null
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
),

bounds as (
    select min(day) as first_day, max(day) as last_day
    from marts.dim_days
),

-- Clocks can differ by a second around midnight: an event outside the calendar counts on the nearest day.
daily as (
    select
        least(greatest(daily_events.day, bounds.first_day), bounds.last_day) as day,
        sum(daily_events.received) as received,
        sum(daily_events.numbers_received) as numbers_received,
        sum(daily_events.ported) as ported,
        sum(daily_events.numbers_ported) as numbers_ported,
        sum(daily_events.rejected) as rejected,
        sum(daily_events.canceled) as canceled,
        sum(daily_events.opened) as opened,
    from daily_events
    cross join bounds
    group by least(greatest(daily_events.day, bounds.first_day), bounds.last_day)
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
from filled;

comment on table marts.agg_portouts_daily is 'One row per day of dim_days: without gaps, up to the day of as_of, or to a later day if an order is slightly younger than as_of.';
comment on column marts.agg_portouts_daily.day is 'Day in the reporting time zone.';
comment on column marts.agg_portouts_daily.orders_received is 'Orders whose inserted_at is on the day.';
comment on column marts.agg_portouts_daily.numbers_received is 'Numbers in these orders.';
comment on column marts.agg_portouts_daily.orders_ported is 'Orders that are ported now and whose ported_at is on the day.';
comment on column marts.agg_portouts_daily.numbers_ported is 'Numbers in these orders.';
comment on column marts.agg_portouts_daily.orders_rejected is 'Orders that are rejected now and became so on the day. Without an event: the day on which a sync first saw it, or the day of as_of if none did.';
comment on column marts.agg_portouts_daily.orders_canceled is 'Orders that are canceled now and became so on the day. Without an event: the day on which a sync first saw it, or the day of as_of if none did.';
comment on column marts.agg_portouts_daily.orders_open is 'Orders in a non-final status at the end of the day; on the last day, at as_of. An order without inserted_at counts on no day. An order without events stays open until a sync sees it closed.';
