create or replace view staging.stg_syncs as
select
    sync_id,
    as_of,
    started_at,
    finished_at,
    requests,
    orders_read,
    orders_changed,
    is_proven,
    published as is_published,
from raw.syncs;

comment on view staging.stg_syncs is 'One row per sync.';
comment on column staging.stg_syncs.sync_id is 'Id of the sync.';
comment on column staging.stg_syncs.as_of is 'The sync loaded the state of the API at this instant.';
comment on column staging.stg_syncs.started_at is 'When the sync began.';
comment on column staging.stg_syncs.finished_at is 'When the last row was committed.';
comment on column staging.stg_syncs.requests is 'HTTP requests made.';
comment on column staging.stg_syncs.orders_read is 'Orders received.';
comment on column staging.stg_syncs.orders_changed is 'Orders that were new or had a new state.';
comment on column staging.stg_syncs.is_proven is 'Whether the API''s own counts confirmed every window that was read.';
comment on column staging.stg_syncs.is_published is 'Whether the published file was replaced afterwards.';
