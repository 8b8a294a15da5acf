/*
One row per order that the API no longer returns, as a verification found. The order stays in raw and is in no other
view.

kind: view
key: portout_id

portout_id: Telnyx's id of the order.
deleted_at: When a verification found that the API no longer returns the order.
*/
select
    id as portout_id,
    deleted_at,
from raw.portouts
where deleted_at is not null
