create or replace temp table order_places as
select
    order_number,
    count(*) as number_count,
    max(case when position = 1 then country_code end) as country_code,
    arg_min(time_zone, position) as time_zone,
from order_phone_numbers
group by order_number;
