create or replace temp table business_days as
with days as (
    select pending_on as day from spells where pending_on is not null
    union
    select responded_on from spells where responded_on is not null
),

mondays as (
    select day, cast(date_trunc('week', day) as date) as monday
    from days
),

-- A user's own list may name weekends, or one day twice.
days_off as (
    select distinct holiday_on as day
    from staging.holidays
    where date_diff('day', cast(date_trunc('week', holiday_on) as date), holiday_on) < 5
),

counted as (
    select
        mondays.day,
        mondays.monday,
        date_diff('day', mondays.monday, mondays.day) as weekday,
        count(days_off.day) as days_off_before,
    from mondays
    left join days_off on days_off.day < mondays.day
    group by mondays.day, mondays.monday
)

-- 1900-01-01 was a Monday; only differences between two days' counts are used.
select
    counted.day,
    counted.weekday < 5 and days_off.day is null as is_business_day,
    date_diff('day', date '1900-01-01', counted.monday) * 5 / 7 + least(counted.weekday, 5) - counted.days_off_before
        as business_days_before,
from counted
left join days_off on days_off.day = counted.day;
