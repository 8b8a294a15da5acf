-- Which requests need an answer first?
-- mart: rpt_open_orders
select
    urgency,
    round(hours_left, 1) as hours_left,
    deadline_at,
    carrier_name,
    number_count,
    support_key,
    portout_id,
from marts.rpt_open_orders
order by deadline_at, portout_id
limit 20
