/*
One row per SPID and carrier name as orders give them, with the carrier to which we assign them.

kind: view
key: spid, carrier_name
*/
select spid, carrier_name, folded_name, carrier_id, order_count, last_inserted_at
from intermediate.int_carrier_spellings
