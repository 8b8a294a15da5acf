/*
One row: the instant that the marts describe and the settings of the models.

kind: view
*/
select
    instant.as_of,
    settings.response_window_hours,
    settings.time_zone,
    settings.business_time_zone,
    settings.business_country_code,
    settings.time_zone_data,
    settings.place_data,
    settings.calendar_ends_on,
    settings.built_from,
    settings.dispute_window_hours,
from staging.model_settings as settings
cross join staging.model_instant as instant
