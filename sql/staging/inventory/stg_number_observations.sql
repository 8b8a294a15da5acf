/*
One row per number of the inventory and sync that saw it new or changed.

kind: view
key: phone_number_id, seen_at

phone_number_id: Telnyx's id of the number.
seen_at: The as_of of the sync that saw it so.
is_listed: Whether the list showed the number; if not, the other columns are those of the last time it did.
number_status: Status in the inventory at that time.
customer_reference: Our reference of the customer at that time.
connection_id: Connection at that time.
billing_group_id: Billing group at that time.
tags: Tags at that time.
has_pin: Whether a PIN guarded the port-out of the number.
updated_at: Last change of any field, as of that time.
sync_id: Sync that saw it.
*/
select
    phone_number_id,
    seen_at,
    is_listed,
    nullif(trim(status), '') as number_status,
    nullif(trim(customer_reference), '') as customer_reference,
    nullif(trim(connection_id), '') as connection_id,
    nullif(trim(billing_group_id), '') as billing_group_id,
    tags,
    has_pin,
    updated_at,
    sync_id,
from raw.phone_number_observations
