-- An order has no first pending spell, so fct_status_changes or fct_responses is wrong: please report it.
select orders.portout_id
from marts.fct_portouts as orders
where orders.response is null
