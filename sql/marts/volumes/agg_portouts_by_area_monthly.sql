/*
One row per month ported, country, area code and type of numbers that left. Ported orders of unknown time are in no
month. An order with numbers of two areas or types counts in both.

kind: aggregate
key: month, country_code, area_code, number_type
groups: date_trunc('month', ported_on) of intermediate.int_orders

month: First day of the month of ported_at, in the reporting time zone.
country_code: ISO 3166 alpha-2 country of the numbers; null if it cannot be determined.
area_code: Area code; null for numbers that have none.
orders_ported: Orders ported in the month with numbers of the area and type.
numbers_ported: Numbers of the area and type in these orders.
share_of_numbers: Share of the numbers ported in the month, 0 to 1.
*/
-- One row per order and area, so that an order with two numbers in an area counts once there.
with orders_by_area as (
    select
        days.month,
        numbers.portout_id,
        numbers.country_code,
        numbers.area_code,
        numbers.number_type,
        count(*) as number_count,
    from intermediate.int_orders as orders
    inner join staging.calendar_days as days on days.day = orders.ported_on
    inner join staging.stg_phone_numbers as numbers on numbers.portout_id = orders.portout_id
    group by days.month, numbers.portout_id, numbers.country_code, numbers.area_code, numbers.number_type
),

areas as (
    select
        month,
        country_code,
        area_code,
        number_type,
        count(*) as orders_ported,
        cast(sum(number_count) as bigint) as numbers_ported,
    from orders_by_area
    group by month, country_code, area_code, number_type
)

select
    areas.month,
    areas.country_code,
    areas.area_code,
    areas.number_type,
    area_codes.place,
    area_codes.area_state,
    areas.orders_ported,
    areas.numbers_ported,
    areas.numbers_ported / cast(sum(areas.numbers_ported) over (partition by areas.month) as double) as share_of_numbers,
from areas
left join staging.area_codes as area_codes
    on area_codes.country_code = areas.country_code and area_codes.area_code = areas.area_code
