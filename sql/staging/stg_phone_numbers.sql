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
comment on column staging.stg_phone_numbers.position is 'Position in the order''s list, from 1.';
comment on column staging.stg_phone_numbers.phone_number is 'Number in E.164; hashed or null if the setting pii asks for it.';
comment on column staging.stg_phone_numbers.country_code is 'ISO 3166 alpha-2 country of the number; null if it cannot be determined.';
comment on column staging.stg_phone_numbers.area_code is 'Area code of a geographical number, else null.';
comment on column staging.stg_phone_numbers.time_zone is 'IANA time zone of the number; null if neither its digits nor its country determine one.';
comment on column staging.stg_phone_numbers.time_zone_source is 'How the time zone was determined: exchange (the first six digits of a North American number), area_code (the zone of most exchanges of the area code; outside North America the prefix), country (the whole country had one time when the order arrived), unknown (the number is hidden by pii, and a version without this column loaded it). Null without a zone.';
