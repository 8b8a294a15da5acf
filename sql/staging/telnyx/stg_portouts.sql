/*
One row per port-out order, as the API showed it last, without deleted ones (stg_deletions). The name of who authorized
the request, the street and links to the LSR, the signed port request, stay in raw.

kind: per order view
key: portout_id

portout_id: Telnyx's id of the order.
account: Name of the Telnyx account that holds the order; default where no accounts are set up.
status: Current status: pending, authorized, rejected-pending, rejected, canceled, ported, or an undocumented one;
    trimmed, a blank one is null.
carrier_name: Gaining carrier, free text, trimmed; a blank one is null. Not a key: orders spell one carrier in several
    ways.
spid: Service provider id of the gaining carrier, trimmed; a blank one is null.
current_carrier: Losing carrier, as Telnyx names it: the brand under which the end user has the numbers.
end_user_name: Name of the end user, a person or a company, trimmed; hashed or null if the setting pii asks for it.
city: City of the service address, trimmed; hashed or null like end_user_name.
state: State of the service address, trimmed; hashed or null like end_user_name.
zip: ZIP or postal code of the service address, trimmed; hashed or null like end_user_name.
user_id: Telnyx user who owns the numbers.
vendor: Id of the underlying network partner.
support_key: Short name of the order, for support requests to Telnyx; not a key.
pon: Port order number (PON), assigned by the gaining side.
rejection_reason: Our text of the rejection; Telnyx empties it when the order is reopened.
rejection_code: Telnyx's code of the rejection; old orders have none.
is_already_ported: Telnyx's flag already_ported: the numbers are already ported.
has_host_messaging: Telnyx's flag host_messaging.
requested_foc_date: Day that the gaining side asked for, as sent. Midnight UTC means the day itself, in any time zone;
    any other time is an instant.
foc_date: Confirmed day (FOC, firm order commitment), as sent; midnight UTC has the same meaning.
created_at: Same instant as inserted_at.
inserted_at: When Telnyx received the order.
updated_at: Last change of any field; it does not show when an order was answered.
*/
select
    id as portout_id,
    account,
    -- Trims ASCII white space and the no-break space. A list of characters, because a pattern takes ten times as long.
    nullif(trim(status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
    nullif(trim(carrier_name, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as carrier_name,
    nullif(trim(spid, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as spid,
    current_carrier,
    nullif(trim(end_user_name, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as end_user_name,
    nullif(trim(city, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as city,
    nullif(trim(state, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as state,
    nullif(trim(zip, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as zip,
    user_id,
    vendor,
    support_key,
    pon,
    reason as rejection_reason,
    rejection_code,
    already_ported as is_already_ported,
    host_messaging as has_host_messaging,
    requested_foc_date,
    foc_date,
    created_at,
    inserted_at,
    updated_at,
from raw.portouts
where deleted_at is null
