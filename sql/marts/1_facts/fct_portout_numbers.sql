create or replace view marts.fct_portout_numbers as
with numbers as (
    select portout_id, position, phone_number, country_code, area_code
    from staging.stg_phone_numbers
)

select portout_id, position, phone_number, country_code, area_code
from numbers;

comment on view marts.fct_portout_numbers is 'One row per order and position in its list of numbers. A number that is in two orders, or twice in one, has two rows and counts twice.';
comment on column marts.fct_portout_numbers.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_portout_numbers.position is 'Position in the order''s list, from 1.';
comment on column marts.fct_portout_numbers.phone_number is 'Number in E.164; hashed or null if the setting pii asks for it.';
comment on column marts.fct_portout_numbers.country_code is 'ISO 3166 alpha-2 country of the number; null if it cannot be determined.';
comment on column marts.fct_portout_numbers.area_code is 'Area code of a geographical number, else null.';
