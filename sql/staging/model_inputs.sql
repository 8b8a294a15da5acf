create or replace table staging.model_inputs (
    as_of timestamptz not null,
    response_window_hours double not null,
    time_zone varchar not null,
    business_time_zone varchar not null,
    business_country_code varchar not null,
    time_zone_data varchar not null,
    place_data varchar not null,
    built_from varchar,
);

comment on table staging.model_inputs is 'One row: the inputs of the models besides raw. The runner fills it after this file, before the marts.';
comment on column staging.model_inputs.as_of is 'The instant that the models describe. Models use no other clock.';
comment on column staging.model_inputs.response_window_hours is 'Hours after which Telnyx authorises an unanswered order.';
comment on column staging.model_inputs.time_zone is 'IANA time zone of reported days, weeks and months.';
comment on column staging.model_inputs.business_time_zone is 'IANA time zone of the business hours of orders whose numbers determine none.';
comment on column staging.model_inputs.business_country_code is 'ISO 3166 alpha-2 country whose holidays count for orders whose numbers have no country: the country of business_time_zone, or US if that zone belongs to none.';
comment on column staging.model_inputs.time_zone_data is 'Release of the time zone database in use, such as 2026a; it comes from the package tzdata.';
comment on column staging.model_inputs.place_data is 'Releases of the data that determined the countries, area codes and time zones of numbers.';
comment on column staging.model_inputs.built_from is 'Fingerprint of the build: a hash of the SQL, the settings and the state of raw. Null if portouts did not fill raw.';
