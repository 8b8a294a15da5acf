-- Whose requests are overdue, and how many numbers are in them?
-- mart: rpt_open_orders
select
    carrier_id,
    carrier_name,
    count(*) as orders_waiting,
    count(case when urgency = 'overdue' then 1 end) as orders_overdue,
    sum(number_count) as numbers_waiting,
    min(deadline_at) as first_deadline_at,
from marts.rpt_open_orders
group by carrier_id, carrier_name
order by orders_overdue desc, numbers_waiting desc, carrier_id
