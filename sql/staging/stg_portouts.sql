create or replace view staging.stg_portouts as
select
    id as portout_id,
    -- Trims ASCII white space and the no-break space. A list of characters, because a pattern takes ten times as long.
    nullif(trim(status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
    nullif(trim(carrier_name, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as carrier_name,
    nullif(trim(spid, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as spid,
    current_carrier,
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
where deleted_at is null;

comment on view staging.stg_portouts is 'One row per port-out order, as the API showed it last, without deleted ones (stg_deletions). Personal data stays in raw: names, addresses and links to the LSR, the signed port request.';
comment on column staging.stg_portouts.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_portouts.status is 'Current status: pending, authorized, rejected-pending, rejected, canceled, ported, or an undocumented one; trimmed, a blank one is null.';
comment on column staging.stg_portouts.carrier_name is 'Gaining carrier, free text, trimmed; a blank one is null. Not a key: orders spell one carrier in several ways.';
comment on column staging.stg_portouts.spid is 'Service provider id of the gaining carrier, trimmed; a blank one is null.';
comment on column staging.stg_portouts.current_carrier is 'Losing carrier.';
comment on column staging.stg_portouts.user_id is 'Telnyx user who owns the numbers.';
comment on column staging.stg_portouts.vendor is 'Id of the underlying network partner.';
comment on column staging.stg_portouts.support_key is 'Short name of the order, for support requests to Telnyx; not a key.';
comment on column staging.stg_portouts.pon is 'Port order number (PON), assigned by the gaining side.';
comment on column staging.stg_portouts.rejection_reason is 'Our text of the rejection; Telnyx empties it when the order is reopened.';
comment on column staging.stg_portouts.rejection_code is 'Telnyx''s code of the rejection; old orders have none.';
comment on column staging.stg_portouts.is_already_ported is 'Telnyx''s flag already_ported.';
comment on column staging.stg_portouts.has_host_messaging is 'Telnyx''s flag host_messaging.';
comment on column staging.stg_portouts.requested_foc_date is 'Day that the gaining side asked for, as sent. Midnight UTC means the day itself, in any time zone; any other time is an instant.';
comment on column staging.stg_portouts.foc_date is 'Confirmed day (FOC, firm order commitment), as sent; midnight UTC has the same meaning.';
comment on column staging.stg_portouts.created_at is 'Same instant as inserted_at.';
comment on column staging.stg_portouts.inserted_at is 'When Telnyx received the order.';
comment on column staging.stg_portouts.updated_at is 'Last change of any field; it does not show when an order was answered.';
