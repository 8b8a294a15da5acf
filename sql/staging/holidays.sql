create or replace table staging.holidays (
    holiday_on date not null,
    country_code varchar,
    name varchar not null,
);

comment on table staging.holidays is 'One row per country and holiday. Written by the runner after this file: the list of sql/seeds, or the user''s own.';
comment on column staging.holidays.holiday_on is 'Day on which it is observed.';
comment on column staging.holidays.country_code is 'ISO 3166 alpha-2 country whose offices are closed; null: all.';
comment on column staging.holidays.name is 'What it is called.';
