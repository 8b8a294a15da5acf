-- With the inventory: which customers are leaving now, what are they worth, and until when can we answer?
-- mart: rpt_customers_leaving
-- A customer whose numbers are all asked for comes first.
select
    customer_reference,
    numbers_asked,
    numbers_held,
    round(100 * share_of_numbers, 1) as percent,
    customer_value,
    orders_pending,
    first_deadline_at,
    round(hours_left, 1) as hours_left,
from marts.rpt_customers_leaving
where customer_reference is not null
order by share_of_numbers desc, numbers_asked desc, customer_reference
limit 20
