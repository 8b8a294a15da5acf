create or replace temp table order_phone_numbers as
select
    order_numbers.order_number,
    numbers.position,
    numbers.phone_number,
    numbers.country_code,
    numbers.area_code,
    numbers.time_zone,
    numbers.time_zone_source,
from staging.stg_phone_numbers as numbers
inner join order_numbers on order_numbers.portout_id = numbers.portout_id;
