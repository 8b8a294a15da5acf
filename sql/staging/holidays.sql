create or replace table staging.holidays (
    holiday_on date not null,
    name varchar not null,
);

comment on table staging.holidays is 'One row per holiday. Written by the runner after this file: the list of sql/seeds, or the user''s own.';
comment on column staging.holidays.holiday_on is 'Day on which it is observed.';
comment on column staging.holidays.name is 'What it is called.';
