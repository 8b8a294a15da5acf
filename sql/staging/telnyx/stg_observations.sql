/*
One row per distinct order, status and updated_at that a sync has seen. Rows are only added.

kind: per order view
key: portout_id, status, updated_at

status: Status, trimmed; null if the API gave none or a blank one.
updated_at: updated_at of the order in that state.
seen_at: The as_of of the sync that saw the state first: the state began no later.
rejection_code: Telnyx's code of the rejection in that state; null for states that an earlier version of portouts saw.
rejection_reason: Our text of the rejection in that state.
sync_id: Sync that saw the state first; if that was killed, the next one that finished.
*/
select
    portout_id,
    nullif(trim(status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
    updated_at,
    seen_at,
    rejection_code,
    reason as rejection_reason,
    sync_id,
from raw.portout_observations as observations
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = observations.portout_id
)
