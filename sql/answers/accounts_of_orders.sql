-- Which accounts hold the orders with these ids or support keys, given in lower case?
with names as (
    select unnest($1) as name
)

select names.name, orders.account
from names
inner join marts.fct_portouts as orders on lower(orders.portout_id) = names.name
union
select names.name, orders.account
from names
inner join marts.fct_portouts as orders on lower(orders.support_key) = names.name
order by name, account
