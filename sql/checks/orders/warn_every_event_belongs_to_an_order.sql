-- The marts leave out events of orders outside the loaded range; `portouts sync --full` loads the orders.
select events.portout_id, events.event_id
from staging.stg_events as events
left join staging.stg_portouts as orders on orders.portout_id = events.portout_id
where orders.portout_id is null
