create or replace table marts.agg_portouts_by_area as
-- One row per order and area, so that an order with two numbers in an area counts once there.
with orders_by_area as (
    select country_code, area_code, order_number, count(*) as number_count
    from order_phone_numbers
    group by country_code, area_code, order_number
),

areas as (
    select
        orders_by_area.country_code,
        orders_by_area.area_code,
        count(*) as orders_received,
        cast(sum(orders_by_area.number_count) as bigint) as numbers_received,
        count(case when orders.status = 'ported' then 1 end) as orders_ported,
        cast(sum(case when orders.status = 'ported' then orders_by_area.number_count else 0 end) as bigint) as numbers_ported,
        max(orders.ported_at) as last_ported_at,
    from orders_by_area
    inner join staging.int_orders as orders on orders.order_number = orders_by_area.order_number
    group by orders_by_area.country_code, orders_by_area.area_code
)

select
    country_code, area_code, orders_received, numbers_received, orders_ported, numbers_ported,
    numbers_ported / nullif(cast(sum(numbers_ported) over () as double), 0) as share_of_numbers,
    last_ported_at,
from areas;

comment on table marts.agg_portouts_by_area is 'One row per country and area code of the numbers. Numbers without an area code have one row per country; numbers of unknown country have one row. An order with numbers in two areas counts in both.';
comment on column marts.agg_portouts_by_area.country_code is 'ISO 3166 alpha-2 country of the numbers; null if it cannot be determined.';
comment on column marts.agg_portouts_by_area.area_code is 'Area code; null for numbers that have none.';
comment on column marts.agg_portouts_by_area.orders_received is 'Orders with numbers of the area, in any status.';
comment on column marts.agg_portouts_by_area.numbers_received is 'Numbers of the area in these orders.';
comment on column marts.agg_portouts_by_area.orders_ported is 'Of these orders, now ported.';
comment on column marts.agg_portouts_by_area.numbers_ported is 'Numbers of the area in the ported orders.';
comment on column marts.agg_portouts_by_area.share_of_numbers is 'Share of all numbers ported, 0 to 1; null if none were.';
comment on column marts.agg_portouts_by_area.last_ported_at is 'Last ported_at of orders whose time is known.';
