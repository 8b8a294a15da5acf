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

comment on table staging.model_inputs is 'One row: what the models are told from outside. Written by the runner after this file, before the marts.';
comment on column staging.model_inputs.as_of is 'The instant that the models describe; there is no other now.';
comment on column staging.model_inputs.response_window_hours is 'Hours after which an unanswered order is authorised by silence.';
comment on column staging.model_inputs.time_zone is 'IANA time zone that decides days and months.';
comment on column staging.model_inputs.business_time_zone is 'IANA time zone whose business hours apply to orders whose numbers tell none.';
comment on column staging.model_inputs.business_country_code is 'ISO 3166 alpha-2 country whose holidays count for orders whose numbers have no country: that of business_time_zone, US where it belongs to none.';
comment on column staging.model_inputs.time_zone_data is 'Release of the time zone database whose rules were used, such as 2026a: that of the package tzdata.';
comment on column staging.model_inputs.place_data is 'Releases of the data by which countries, area codes and time zones of numbers were determined.';
comment on column staging.model_inputs.built_from is 'Digest of the SQL, the settings and the state of raw that staging and marts were built from; null where raw was not filled by portouts.';
