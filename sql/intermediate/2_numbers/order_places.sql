create or replace temp table order_places as
select
    order_number,
    count(*) as number_count,
    max(case when position = 1 then country_code end) as country_code,
    arg_min(time_zone, position) as time_zone,
    arg_min(time_zone_source, position) as time_zone_source,
    -- Holidays are those of the country whose local time counts.
    coalesce(arg_min(case when time_zone is not null then country_code end, position), arg_min(country_code, position))
        as business_country_code,
from order_phone_numbers
group by order_number;
