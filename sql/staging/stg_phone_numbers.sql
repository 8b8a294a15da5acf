create or replace view staging.stg_phone_numbers as
select
    portout_id,
    position,
    phone_number,
    country_code,
    area_code,
    time_zone,
from raw.portout_phone_numbers as phone_numbers
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = phone_numbers.portout_id
);

comment on view staging.stg_phone_numbers is 'One row per order and position in its list of phone numbers.';
comment on column staging.stg_phone_numbers.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_phone_numbers.position is 'Place in the order''s list, from 1.';
comment on column staging.stg_phone_numbers.phone_number is 'Number in E.164; hashed, or null, where the setting pii says so.';
comment on column staging.stg_phone_numbers.country_code is 'ISO 3166 alpha-2 country of the number; null when it cannot be told.';
comment on column staging.stg_phone_numbers.area_code is 'Area code of a geographical number, else null.';
comment on column staging.stg_phone_numbers.time_zone is 'IANA time zone of a geographical number, the first of its prefix; else null.';
