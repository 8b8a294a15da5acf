/*
One row per order whose pending spell is open.

kind: aggregate
key: portout_id
*/
select portout_id, pending_at, deadline_at, time_zone, measured_by
from marts.fct_responses
where response = 'open'
