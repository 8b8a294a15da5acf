create or replace view staging.stg_observations as
select
    portout_id,
    nullif(trim(status, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '') as status,
    updated_at,
    seen_at,
    sync_id,
from raw.portout_observations as observations
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = observations.portout_id
);

comment on view staging.stg_observations is 'One row per distinct order, status and updated_at that a sync has seen. Rows are only added.';
comment on column staging.stg_observations.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_observations.status is 'Status, trimmed; null if the API gave none or a blank one.';
comment on column staging.stg_observations.updated_at is 'updated_at of the order in that state.';
comment on column staging.stg_observations.seen_at is 'The as_of of the sync that saw the state first: the state began no later.';
comment on column staging.stg_observations.sync_id is 'Sync that saw the state first.';
