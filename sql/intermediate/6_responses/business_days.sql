create or replace temp table business_days as
-- One more day on each side, because local days differ from UTC days.
with bounds as (
    select
        cast(min(began_at) at time zone 'UTC' as date) - 1 as first_day,
        cast(max(began_at) at time zone 'UTC' as date) + 1 as last_day,
    from staging.int_status_changes
),

countries as (
    select business_country_code as country_code
    from order_places
    where business_country_code is not null
    union
    select business_country_code
    from staging.model_inputs
),

days as (
    select
        countries.country_code,
        cast(series.day as date) as day,
        cast(date_trunc('week', series.day) as date) as monday,
    from bounds
    cross join countries
    cross join lateral generate_series(bounds.first_day, bounds.last_day, interval '1 day') as series (day)
),

-- A user's own list may contain weekends, or one day twice.
days_off as (
    select distinct countries.country_code, holidays.holiday_on as day
    from staging.holidays as holidays
    inner join countries on countries.country_code = coalesce(holidays.country_code, countries.country_code)
    where date_diff('day', cast(date_trunc('week', holidays.holiday_on) as date), holidays.holiday_on) < 5
),

flagged as (
    select
        days.country_code,
        days.day,
        days.monday,
        date_diff('day', days.monday, days.day) as weekday,
        days_off.day is not null as is_day_off,
        count(days_off.day) over (partition by days.country_code order by days.day) as days_off_so_far,
    from days
    left join days_off on days_off.country_code = days.country_code and days_off.day = days.day
)

-- 1900-01-01 was a Monday. Models only use differences between the counts of two days.
select
    country_code,
    day,
    weekday < 5 and not is_day_off as is_business_day,
    date_diff('day', date '1900-01-01', monday) * 5 / 7 + least(weekday, 5)
        - (days_off_so_far - case when is_day_off then 1 else 0 end) as business_days_before,
from flagged;
