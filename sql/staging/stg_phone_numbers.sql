create or replace view staging.stg_phone_numbers as
select
    portout_id,
    position,
    phone_number,
    country_code,
    area_code,
    time_zone,
    case when time_zone is not null then coalesce(time_zone_source, 'unknown') end as time_zone_source,
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
comment on column staging.stg_phone_numbers.time_zone is 'IANA time zone of the number; null when neither its digits nor its country determine one.';
comment on column staging.stg_phone_numbers.time_zone_source is 'What the time zone rests on: exchange (North American prefix of six digits), area_code (most exchanges of the area code, or the prefix elsewhere), country (all of it had one clock when the order arrived), unknown (hidden by pii and read by a version before this column). Null without a zone.';
