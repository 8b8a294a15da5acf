/*
One row per day from 1999-12-31 to calendar_ends_on, because no function that lists days means the same on all engines.

kind: input
key: day

day: The day.
week: Monday of its week.
month: First day of its month.
weekday: 0 for Monday to 6 for Sunday.
weekdays_before: Days from Monday to Friday before this day, counted from the first Monday before the calendar.
*/
select
    cast(null as date) as day,
    cast(null as date) as week,
    cast(null as date) as month,
    cast(null as integer) as weekday,
    cast(null as integer) as weekdays_before,
where false
