-- Which requests does silence decide within the next 4 business hours: whose numbers, and for which carrier?
-- mart: rpt_open_orders, fct_portout_numbers
select
    orders.deadline_at,
    round(orders.business_hours_left, 1) as business_hours_left,
    numbers.phone_number,
    numbers.place,
    orders.end_user_name,
    orders.carrier_name,
    orders.support_key,
from marts.rpt_open_orders as orders
left join marts.fct_portout_numbers as numbers on numbers.portout_id = orders.portout_id
where orders.hours_left >= 0 and orders.business_hours_left <= 4
order by orders.deadline_at, orders.portout_id, numbers.position
