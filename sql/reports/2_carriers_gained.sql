-- Which carriers gain them?
select
    carrier_name,
    orders_ported,
    numbers_ported,
    round(100 * share_of_numbers, 1) as share_percent,
    round(100 * rejection_rate, 1) as rejected_percent,
    round(median_response_hours, 1) as median_response_hours,
from marts.agg_carriers_gained
order by rank
limit 10
