-- From which states and provinces do the most numbers leave?
-- mart: agg_portouts_by_area
-- By the area code, which people keep when they move. The table of orders has the state of the service address.
select
    country_code,
    area_state,
    count(distinct area_code) as area_codes,
    sum(numbers_received) as numbers_received,
    sum(numbers_ported) as numbers_ported,
    round(100 * sum(share_of_numbers), 1) as share_percent,
from marts.agg_portouts_by_area
where area_state is not null
group by country_code, area_state
order by numbers_ported desc, country_code, area_state
limit 20
