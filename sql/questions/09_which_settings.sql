-- Up to when do the figures go, and in which time zone are days, months and hours?
-- mart: rpt_settings
select as_of, reporting_time_zone, response_window_hours, business_time_zone, business_country_code
from marts.rpt_settings
