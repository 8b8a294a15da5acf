/*
One row per phone number of the inventory: what it is, whose it is, since when it is in service, and how it left. A
number that left and came back has two rows. No rows without the setting inventory.

kind: view
key: phone_number_id
*/
select
    phone_number_id,
    account,
    phone_number,
    number_status,
    number_type,
    country_code,
    customer_reference,
    connection_id,
    billing_group_id,
    tags,
    has_pin,
    is_held,
    created_at,
    purchased_at,
    activated_at,
    in_service_from,
    left_at,
    left_how,
    missing_since,
from intermediate.int_numbers
