/*
One row per day, without gaps: from the day of the first order received or ported to the day of as_of, or to a later day
if an order is slightly younger than as_of. Without orders: only the day of as_of.

kind: dimension
key: day

day: Day in the reporting time zone.
iso_year: Year of its ISO week, which can differ from year around New Year.
weekday_name: Name of the weekday in English.
is_business_day: Monday to Friday, except holidays of the country of the setting business_time_zone.
*/
with bounds as (
    select
        least(first_received_on, coalesce(first_ported_on, first_received_on)) as first_day,
        greatest(last_received_on, coalesce(last_ported_on, last_received_on)) as last_day,
    from intermediate.int_order_days
),

today as (
    select cast((instant.as_of at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as day
    from staging.model_instant as instant
    inner join staging.utc_offsets_reported as offsets
        on instant.as_of >= offsets.starts_at and instant.as_of < offsets.ends_at
),

-- A country without holidays in the list has the calendar ''.
office as (
    select max(case when days.country_code = settings.business_country_code then days.country_code else '' end) as calendar
    from intermediate.int_business_days as days
    cross join staging.model_settings as settings
)

-- Orders in raw can be slightly younger than as_of, hence the greatest.
select
    days.day,
    days.week,
    days.month,
    days.quarter,
    cast(days.year as bigint) as year,
    cast(days.iso_year as bigint) as iso_year,
    cast(days.iso_week as bigint) as iso_week,
    cast(days.weekday as bigint) as weekday,
    case days.weekday
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        else 'Sunday'
    end as weekday_name,
    business_days.is_business_day,
from staging.calendar_days as days
cross join bounds
cross join today
cross join office
inner join intermediate.int_business_days as business_days
    on business_days.country_code = office.calendar and business_days.day = days.day
where days.day >= coalesce(bounds.first_day, today.day)
    and days.day <= greatest(coalesce(bounds.last_day, today.day), today.day)
