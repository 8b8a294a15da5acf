create or replace view marts.rpt_sync as
with syncs as (
    select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published
    from staging.stg_syncs
)

select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published as published
from syncs
order by as_of;

comment on view marts.rpt_sync is 'One row per sync, oldest first.';
comment on column marts.rpt_sync.as_of is 'The instant whose state of the API the sync loaded.';
comment on column marts.rpt_sync.started_at is 'When the sync began.';
comment on column marts.rpt_sync.finished_at is 'When its last row was committed.';
comment on column marts.rpt_sync.requests is 'HTTP requests made.';
comment on column marts.rpt_sync.orders_read is 'Orders received.';
comment on column marts.rpt_sync.orders_changed is 'Orders that were new or differed from what was held.';
comment on column marts.rpt_sync.is_proven is 'Whether every window read was proven against the API''s own counts.';
comment on column marts.rpt_sync.published is 'Whether the published file was replaced afterwards.';
