/*
One row per order and name that an event of the order gives its carrier, if the order spells the carrier differently
now. Telnyx overwrites the name of an order, for example when it gains a SPID.

kind: per order
key: portout_id, carrier_name
*/
select distinct
    orders.portout_id,
    events.carrier_name,
from staging.stg_events as events
inner join staging.stg_portouts as orders on orders.portout_id = events.portout_id
where events.carrier_name is not null and events.carrier_name <> coalesce(orders.carrier_name, '')
