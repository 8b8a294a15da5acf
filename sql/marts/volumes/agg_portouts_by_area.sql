/*
One row per country, area code and type of the numbers. Numbers without an area code have one row per country and type.
An order with numbers of two areas or types counts in both.

kind: aggregate
key: country_code, area_code, number_type

country_code: ISO 3166 alpha-2 country of the numbers; null if it cannot be determined.
area_code: Area code; null for numbers that have none.
orders_received: Orders with numbers of the area and type, in any status.
numbers_received: Numbers of the area and type in these orders.
orders_ported: Of these orders, now ported.
numbers_ported: Numbers of the area and type in the ported orders.
share_of_numbers: Share of all numbers ported, 0 to 1; null if none were.
last_ported_at: Last ported_at of orders whose time is known.
*/
-- One row per order and area, so that an order with two numbers in an area counts once there.
with orders_by_area as (
    select country_code, area_code, number_type, portout_id, count(*) as number_count
    from staging.stg_phone_numbers
    group by country_code, area_code, number_type, portout_id
),

areas as (
    select
        orders_by_area.country_code,
        orders_by_area.area_code,
        orders_by_area.number_type,
        count(*) as orders_received,
        cast(sum(orders_by_area.number_count) as bigint) as numbers_received,
        count(case when orders.status = 'ported' then 1 end) as orders_ported,
        cast(sum(case when orders.status = 'ported' then orders_by_area.number_count else 0 end) as bigint) as numbers_ported,
        max(orders.ported_at) as last_ported_at,
    from orders_by_area
    inner join intermediate.int_orders as orders on orders.portout_id = orders_by_area.portout_id
    group by orders_by_area.country_code, orders_by_area.area_code, orders_by_area.number_type
)

select
    areas.country_code,
    areas.area_code,
    areas.number_type,
    area_codes.place,
    area_codes.area_state,
    areas.orders_received,
    areas.numbers_received,
    areas.orders_ported,
    areas.numbers_ported,
    areas.numbers_ported / nullif(cast(sum(areas.numbers_ported) over () as double), 0) as share_of_numbers,
    areas.last_ported_at,
from areas
left join staging.area_codes as area_codes
    on area_codes.country_code = areas.country_code and area_codes.area_code = areas.area_code
