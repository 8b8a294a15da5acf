/*
One row per order and position in its list of numbers. A number that is in two orders, or twice in one, has two rows and
counts twice.

kind: per order view
key: portout_id, position

portout_id: Telnyx's id of the order.
position: Position in the order's list, from 1.
phone_number: Number in E.164; hashed or null if the setting pii asks for it.
country_code: ISO 3166 alpha-2 country of the number; null if it cannot be determined.
area_code: Area code of a geographical number, else null.
*/
select portout_id, position, phone_number, country_code, area_code
from staging.stg_phone_numbers
