-- Orders in raw are younger than as_of: the next sync corrects it.
select orders.portout_id, orders.inserted_at, orders.status_began_at
from marts.fct_portouts as orders
cross join staging.model_inputs as inputs
where orders.inserted_at > inputs.as_of or orders.status_began_at > inputs.as_of
