create or replace table staging.holidays (
    holiday_on date not null,
    country_code varchar,
    name varchar not null,
);

comment on table staging.holidays is 'One row per country and holiday. The runner fills it after this file, from the list in sql/seeds or from the user''s list.';
comment on column staging.holidays.holiday_on is 'Day on which offices are closed.';
comment on column staging.holidays.country_code is 'ISO 3166 alpha-2 country of the holiday; null for all countries.';
comment on column staging.holidays.name is 'Name of the holiday.';
