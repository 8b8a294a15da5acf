create or replace table marts.agg_portouts_daily as
with orders as (
    select order_number, status, number_count, received_on, ported_on, ported_at, ported_at_source, status_began_at
    from staging.int_orders
),

offsets as (
    select starts_at, ends_at, utc_offset_seconds
    from staging.utc_offsets_reported
),

-- Where an order became final, or came back from there.
crossings as (
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

-- A ported_out_at window dates the port-out that stands better than the sync that first saw it.
dated as (
    select
        case
            when crossings.is_current and orders.ported_at_source = 'range' then orders.ported_at
            else crossings.began_at
        end as crossed_at,
        crossings.opened,
    from crossings
    inner join orders on orders.order_number = crossings.order_number
    where orders.received_on is not null
),

happenings as (
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
        cast((dated.crossed_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date),
        0, 0, 0, 0, 0, 0, dated.opened
    from dated
    left join offsets on dated.crossed_at >= offsets.starts_at and dated.crossed_at < offsets.ends_at
),

bounds as (
    select min(day) as first_day, max(day) as last_day
    from marts.dim_days
),

-- Clocks may differ by a second across midnight: what falls outside the calendar counts on its nearest day.
daily as (
    select
        least(greatest(happenings.day, bounds.first_day), bounds.last_day) as day,
        sum(happenings.received) as received,
        sum(happenings.numbers_received) as numbers_received,
        sum(happenings.ported) as ported,
        sum(happenings.numbers_ported) as numbers_ported,
        sum(happenings.rejected) as rejected,
        sum(happenings.canceled) as canceled,
        sum(happenings.opened) as opened,
    from happenings
    cross join bounds
    group by least(greatest(happenings.day, bounds.first_day), bounds.last_day)
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

comment on table marts.agg_portouts_daily is 'One row per day of dim_days: without gaps, up to as_of, or a little further where rows are younger.';
comment on column marts.agg_portouts_daily.day is 'Day in the reporting time zone.';
comment on column marts.agg_portouts_daily.orders_received is 'Orders whose inserted_at falls on the day.';
comment on column marts.agg_portouts_daily.numbers_received is 'Numbers in these orders.';
comment on column marts.agg_portouts_daily.orders_ported is 'Orders, now ported, whose ported_at falls on the day.';
comment on column marts.agg_portouts_daily.numbers_ported is 'Numbers in these orders.';
comment on column marts.agg_portouts_daily.orders_rejected is 'Orders, now rejected, that became so on the day; where no event tells, the day a sync first saw it, or that of as_of where none did.';
comment on column marts.agg_portouts_daily.orders_canceled is 'Orders, now canceled, that became so on the day; where no event tells, the day a sync first saw it, or that of as_of where none did.';
comment on column marts.agg_portouts_daily.orders_open is 'Orders in a non-final status at the end of the day, or at as_of on the last; an order without inserted_at is in none, and one whose end is known by observation only stays open until seen closed.';
