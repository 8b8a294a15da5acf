-- With the inventory: which share of the numbers in service is ported each month, by customer?
-- mart: agg_port_out_rate_monthly
select month, value as customer_reference, numbers_in_service, numbers_ported, round(port_out_rate, 4) as port_out_rate
from marts.agg_port_out_rate_monthly
where breakdown = 'customer_reference'
    and is_complete
    and numbers_ported > 0
order by month desc, numbers_ported desc
