/*
One row per country and holiday. The runner fills it after this file, from the list in sql/seeds or from the user's
list.

kind: input
key: holiday_on, country_code

holiday_on: Day on which offices are closed.
country_code: ISO 3166 alpha-2 country of the holiday; null for all countries.
name: Name of the holiday.
*/
select
    cast(null as date) as holiday_on,
    cast(null as varchar) as country_code,
    cast(null as varchar) as name,
where false
