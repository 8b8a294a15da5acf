-- Which accounts hold the orders with these ids or support keys, given in lower case?
select distinct account
from marts.fct_portouts
where list_contains($1, lower(portout_id)) or list_contains($1, lower(support_key))
order by account
