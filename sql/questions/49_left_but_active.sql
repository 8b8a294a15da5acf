-- With the inventory: which numbers were ported and still are in service, and which left without an order?
-- mart: rpt_left_but_active
select
    problem,
    customer_reference,
    connection_id,
    count(*) as numbers,
    min(ported_at) as ported_first_at,
    min(phone_number) as such_as,
from marts.rpt_left_but_active
group by problem, customer_reference, connection_id
order by numbers desc, problem
