/*
One row per published file, so only one: the instant that all marts describe, and the settings that their figures
depend on.

kind: view

reporting_time_zone: IANA time zone of all days, weeks, months and local hours, unless a column says otherwise (setting
    time_zone).
business_time_zone: IANA time zone of the business hours of orders whose numbers determine none.
business_country_code: Country of business_time_zone, whose holidays count for such orders and in dim_days.
*/
select
    as_of,
    time_zone as reporting_time_zone,
    response_window_hours,
    business_time_zone,
    business_country_code,
    dispute_window_hours,
from staging.model_inputs
