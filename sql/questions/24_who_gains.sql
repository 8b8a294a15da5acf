-- Which carriers gain the most numbers?
-- mart: agg_carriers_gained
select
    rank,
    carrier_name,
    orders_ported,
    numbers_ported,
    round(100 * share_of_numbers, 1) as share_percent,
    round(100 * sum(share_of_numbers) over (order by rank), 1) as share_so_far_percent,
    round(100 * rejection_rate, 1) as rejected_percent,
from marts.agg_carriers_gained
order by rank
limit 10
