-- Which area codes lose the most numbers?
-- mart: agg_portouts_by_area
select
    country_code,
    area_code,
    place,
    number_type,
    numbers_received,
    numbers_ported,
    round(100 * share_of_numbers, 1) as share_percent,
    last_ported_at,
from marts.agg_portouts_by_area
where area_code is not null
order by numbers_ported desc, country_code, area_code, number_type
limit 10
