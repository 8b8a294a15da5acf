create or replace temp table business_days as
-- A day of margin on either side: clocks on walls differ from UTC.
with bounds as (
    select
        cast(min(began_at) at time zone 'UTC' as date) - 1 as first_day,
        cast(max(began_at) at time zone 'UTC' as date) + 1 as last_day,
    from staging.int_status_changes
),

days as (
    select cast(series.day as date) as day, cast(date_trunc('week', series.day) as date) as monday
    from bounds
    cross join lateral generate_series(bounds.first_day, bounds.last_day, interval '1 day') as series (day)
),

-- A user's own list may name weekends, or one day twice.
days_off as (
    select distinct holiday_on as day
    from staging.holidays
    where date_diff('day', cast(date_trunc('week', holiday_on) as date), holiday_on) < 5
),

counted as (
    select
        days.day,
        days.monday,
        date_diff('day', days.monday, days.day) as weekday,
        count(days_off.day) as days_off_before,
    from days
    left join days_off on days_off.day < days.day
    group by days.day, days.monday
)

-- 1900-01-01 was a Monday; only differences between two days' counts are used.
select
    counted.day,
    counted.weekday < 5 and days_off.day is null as is_business_day,
    date_diff('day', date '1900-01-01', counted.monday) * 5 / 7 + least(counted.weekday, 5) - counted.days_off_before
        as business_days_before,
from counted
left join days_off on days_off.day = counted.day;
