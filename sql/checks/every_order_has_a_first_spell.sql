-- A fault in fct_status_changes or fct_responses: please report it.
select orders.portout_id
from marts.fct_portouts as orders
where orders.response is null
