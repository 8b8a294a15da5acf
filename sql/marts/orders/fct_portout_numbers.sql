/*
One row per order and position in its list of numbers. A number that is in two orders, or twice in one, has two rows and
counts twice.

kind: per order view
key: portout_id, position
*/
select
    numbers.portout_id,
    numbers.account,
    numbers.position,
    numbers.phone_number,
    numbers.country_code,
    numbers.area_code,
    area_codes.place,
    area_codes.area_state,
    numbers.number_type,
from staging.stg_phone_numbers as numbers
left join staging.area_codes as area_codes
    on area_codes.country_code = numbers.country_code and area_codes.area_code = numbers.area_code
