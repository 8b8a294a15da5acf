-- Which ported orders took longest, and in which stage?
-- mart: fct_order_stages, fct_portouts
select
    orders.support_key,
    orders.carrier_name,
    stages.first_answer,
    round(stages.answer_hours, 1) as answer_hours,
    round(stages.foc_hours, 1) as foc_hours,
    round(stages.port_hours, 1) as port_hours,
    round(stages.total_hours, 1) as total_hours,
    stages.comment_count,
from marts.fct_order_stages as stages
inner join marts.fct_portouts as orders on orders.portout_id = stages.portout_id
where stages.is_ported
order by stages.total_hours desc nulls last, orders.portout_id
limit 20
