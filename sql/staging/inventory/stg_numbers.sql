/*
One row per phone number of the inventory, as the API listed it last. A number that left and came back has two rows. No
rows without the setting inventory.

kind: view
key: phone_number_id

phone_number_id: Telnyx's id of the number; a number that comes back has another one.
account: Name of the Telnyx account whose inventory it is; default where no accounts are set up.
phone_number: Number in E.164; hashed or null if the setting pii asks for it.
number_status: Status in the inventory: active, port-out-pending, ported-out, deleted, and others of Telnyx.
number_type: Type of the number: local, toll_free, mobile, national, shared_cost, or another one of Telnyx.
country_code: ISO 3166 alpha-2 country of the number, as the inventory shows it.
customer_reference: Our reference of the customer; hashed or null if the setting pii asks for it.
connection_id: Connection that the number is assigned to.
billing_group_id: Billing group of the number.
tags: Tags of the number as a JSON array in the order of the alphabet (setting inventory_tags); hashed or null if the
    setting pii asks for it. Null without tags.
has_pin: Whether a PIN guards the port-out of the number. The PIN itself is not stored.
created_at: When the inventory got the number.
updated_at: Last change of any field.
purchased_at: When the number was bought.
activated_at: When it came into service; null for numbers activated before Telnyx recorded it.
missing_since: When a proven list first lacked the number; null while it is listed.
*/
select
    id as phone_number_id,
    account,
    phone_number,
    nullif(trim(status), '') as number_status,
    case lower(trim(phone_number_type)) when 'tollfree' then 'toll_free' else nullif(lower(trim(phone_number_type)), '') end
        as number_type,
    nullif(trim(country_iso_alpha2), '') as country_code,
    nullif(trim(customer_reference), '') as customer_reference,
    nullif(trim(connection_id), '') as connection_id,
    nullif(trim(billing_group_id), '') as billing_group_id,
    tags,
    has_pin,
    created_at,
    updated_at,
    purchased_at,
    activated_at,
    missing_since,
from raw.phone_numbers
