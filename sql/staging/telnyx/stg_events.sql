/*
One row per port-out event of the API. Orders from before Telnyx recorded events have none.

kind: per order view
key: event_id

event_id: Telnyx's id of the event.
event_type: portout.status_changed, portout.foc_date_changed, portout.new_comment, or an undocumented type.
portout_id: Order of the event.
status: New status in the payload of a status_changed event, trimmed. Null if it is blank, for other events, and until
    the payload is there.
rejection_reason: Our text of the rejection in the payload of a status_changed event. Null if it is blank, and for other
    events.
carrier_name: Gaining carrier in the payload of a status_changed event, trimmed: its name at that time. Null if it is blank,
    and for other events.
has_attempted_pin: Whether the payload of a status_changed event shows a PIN that the gaining side attempted. Null if
    the payload does not say, and for what an earlier version of portouts loaded. The PIN itself is stored nowhere.
comment_id: Telnyx's id of the comment in the payload of a new_comment event. Null for other events and until the payload is
    there.
comment_user_id: Telnyx's id of the user who wrote the comment, as the payload gives it; null for other events.
comment: Text of the comment, without PINs; hashed or null if the setting pii asks for it. Null if it is blank, and for
    other events.
foc_date: Confirmed day in the payload of a foc_date_changed event, as sent. Null for other events and until the payload
    is there.
payload_status: Whether Telnyx has generated the payload: created or completed.
payload: Payload as JSON text, without the attempted PIN, where the columns payload__… of raw.portout_events do not hold
    all of it; else null.
created_at: When Telnyx recorded the event: the best known time of the change.
updated_at: When the event last changed, for example because its payload was completed.
*/
select
    id as event_id,
    event_type,
    portout_id,
    nullif(trim(payload__status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
    nullif(payload__rejection_reason, '') as rejection_reason,
    nullif(trim(payload__carrier_name, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '')
        as carrier_name,
    has_attempted_pin,
    case when event_type = 'portout.new_comment' then payload__id end as comment_id,
    case when event_type = 'portout.new_comment' then payload__user_id end as comment_user_id,
    nullif(payload__comment, '') as comment,
    payload__foc_date as foc_date,
    payload_status,
    payload,
    created_at,
    updated_at,
from raw.portout_events as events
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = events.portout_id
)
