create or replace view staging.stg_events as
select
    id as event_id,
    event_type,
    portout_id,
    nullif(trim(payload__status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
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
);

comment on view staging.stg_events is 'One row per port-out event of the API. Orders from before Telnyx recorded events have none.';
comment on column staging.stg_events.event_id is 'Telnyx''s id of the event.';
comment on column staging.stg_events.event_type is 'portout.status_changed, portout.foc_date_changed, portout.new_comment, or an undocumented type.';
comment on column staging.stg_events.portout_id is 'Order of the event.';
comment on column staging.stg_events.status is 'New status in the payload of a status_changed event, trimmed. Null if it is blank, for other events, and until the payload is there.';
comment on column staging.stg_events.foc_date is 'Confirmed day in the payload of a foc_date_changed event, as sent. Null for other events and until the payload is there.';
comment on column staging.stg_events.payload_status is 'Whether Telnyx has generated the payload: created or completed.';
comment on column staging.stg_events.payload is 'Payload as JSON text, without the attempted PIN, where the columns payload__… of raw.portout_events do not hold all of it; else null.';
comment on column staging.stg_events.created_at is 'When Telnyx recorded the event: the best known time of the change.';
comment on column staging.stg_events.updated_at is 'When the event last changed, for example because its payload was completed.';
