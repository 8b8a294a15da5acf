/*
One row per status event or observation of an order, see int_status_events and int_status_observations.

kind: per order temporary
key: portout_id, position

measured_by: event, observation or unknown, see fct_status_changes.
*/
select portout_id, position, status, began_at, 'event' as measured_by, is_change, is_last
from intermediate.int_status_events
union all
select portout_id, position, status, began_at, measured_by, is_change, is_last
from intermediate.int_status_observations
