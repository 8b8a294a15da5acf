/*
One row per order that waits for our answer (status pending).

kind: aggregate
key: portout_id
*/
select portout_id, support_key, carrier_id, carrier_name, number_count, inserted_at
from marts.fct_portouts
where status = 'pending'
