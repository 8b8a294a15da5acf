/*
One row per country and day: whether it is a business day, and how many there were before. The country is '' for all
countries without holidays of their own in the list.

kind: dimension
key: country_code, day

country_code: ISO 3166 alpha-2 country, or ''.
day: Local day.
is_business_day: Monday to Friday, except holidays.
business_days_before: Business days before this day. Models use only differences between two days.
*/
with countries as (
    select country_code
    from staging.holidays
    where country_code is not null
    group by country_code
    union all
    select ''
),

-- A user's own list may contain weekends, or one day twice. A holiday without a country is one everywhere.
days_off as (
    select countries.country_code, days.day
    from staging.holidays as holidays
    inner join countries on countries.country_code = coalesce(holidays.country_code, countries.country_code)
    inner join staging.calendar_days as days on days.day = holidays.holiday_on and days.weekday <= 5
    group by countries.country_code, days.day
),

flagged as (
    select
        countries.country_code,
        days.day,
        days.weekday,
        days.weekdays_before,
        case when days_off.day is not null then 1 else 0 end as is_day_off,
        count(days_off.day) over (partition by countries.country_code order by days.day) as days_off_so_far,
    from staging.calendar_days as days
    cross join countries
    left join days_off on days_off.country_code = countries.country_code and days_off.day = days.day
)

select
    country_code,
    day,
    weekday <= 5 and is_day_off = 0 as is_business_day,
    weekdays_before - (days_off_so_far - is_day_off) as business_days_before,
from flagged
