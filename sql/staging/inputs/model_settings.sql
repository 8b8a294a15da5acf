/*
One row: the settings of the models, and the versions of the data that Python brings.

kind: input

response_window_hours: Hours after which silence authorizes a port-out request.
time_zone: IANA time zone of reported days, weeks and months (the reporting time zone).
business_time_zone: IANA time zone of orders whose numbers determine none.
business_country_code: Country of the holidays of such orders.
time_zone_data: Version of the package tzdata: its rules made utc_offsets.
place_data: Version of the data and rules that determined the country, area code and time zone of each number.
calendar_ends_on: Last day of calendar_days: two years after that of as_of or of the latest row. It moves once a year.
built_from: Checksum of the SQL, the settings and the lists of the last full build.
dispute_window_hours: For how many hours after a port-out, or a request, a customer may dispute it.
*/
select
    cast(null as double) as response_window_hours,
    cast(null as varchar) as time_zone,
    cast(null as varchar) as business_time_zone,
    cast(null as varchar) as business_country_code,
    cast(null as varchar) as time_zone_data,
    cast(null as varchar) as place_data,
    cast(null as date) as calendar_ends_on,
    cast(null as varchar) as built_from,
    cast(null as bigint) as dispute_window_hours,
where false
