create or replace view staging.stg_phone_numbers as
select
    portout_id,
    position,
    phone_number,
    country_code,
    area_code,
from raw.portout_phone_numbers;

comment on view staging.stg_phone_numbers is 'One row per order and position in its list of phone numbers.';
comment on column staging.stg_phone_numbers.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_phone_numbers.position is 'Place in the order''s list, from 1.';
comment on column staging.stg_phone_numbers.phone_number is 'Number in E.164.';
comment on column staging.stg_phone_numbers.country_code is 'ISO 3166 alpha-2 country of the number; null when it cannot be told.';
comment on column staging.stg_phone_numbers.area_code is 'Area code of a geographical number, else null.';
