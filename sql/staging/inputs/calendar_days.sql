/*
One row per day from 1999-12-31 to calendar_ends_on, because no function that lists days means the same on all engines.

kind: input
key: day

day: The day.
week: Monday of its week.
month: First day of its month.
quarter: First day of its quarter.
year: Its year.
iso_year: Year of its ISO week: that of the week's Thursday.
iso_week: Number of its ISO week, 1 to 53.
weekday: 1 for Monday to 7 for Sunday.
weekdays_before: Days from Monday to Friday before this day, counted from the first Monday before the calendar.
*/
select
    cast(null as date) as day,
    cast(null as date) as week,
    cast(null as date) as month,
    cast(null as date) as quarter,
    cast(null as integer) as year,
    cast(null as integer) as iso_year,
    cast(null as integer) as iso_week,
    cast(null as integer) as weekday,
    cast(null as integer) as weekdays_before,
where false
