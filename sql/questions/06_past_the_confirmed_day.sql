-- Which authorised orders have not left although their confirmed day has passed?
-- mart: fct_portouts, dim_days
with today as (
    select max(day) as day
    from marts.dim_days
)

select
    date_diff('day', orders.foc_on, today.day) as days_late,
    orders.foc_on,
    -- The gaining carrier may still port it until this day.
    orders.foc_grace_until_on,
    orders.foc_grace_until_on < today.day as is_past_grace,
    orders.carrier_name,
    orders.number_count,
    orders.support_key,
from marts.fct_portouts as orders
cross join today
where orders.status = 'authorized' and orders.foc_on < today.day
order by days_late desc, orders.portout_id
limit 20
