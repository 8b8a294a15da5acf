/*
One row per order and position in its list of numbers. A number that is in two orders, or twice in one, has two rows and
counts twice.

kind: per order view
key: portout_id, position

portout_id: Telnyx's id of the order.
account: Name of the Telnyx account that holds the order; default where no accounts are set up.
position: Position in the order's list, from 1.
phone_number: Number in E.164; hashed or null if the setting pii asks for it.
country_code: ISO 3166 alpha-2 country of the number; null if it cannot be determined.
area_code: Area code of a geographical number, else null.
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
