create or replace view marts.rpt_sync as
with syncs as (
    select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published
    from staging.stg_syncs
)

select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published as published
from syncs
order by as_of;

comment on view marts.rpt_sync is 'One row per finished sync, oldest first. The marts describe the as_of of the last one.';
comment on column marts.rpt_sync.as_of is 'The sync loaded the state of the API at this instant; the next sync reads later changes.';
comment on column marts.rpt_sync.started_at is 'When the sync began, by the clock of its machine.';
comment on column marts.rpt_sync.finished_at is 'When the last row was committed, by the same clock.';
comment on column marts.rpt_sync.requests is 'HTTP requests sent to the API, retries included.';
comment on column marts.rpt_sync.orders_read is 'Distinct orders that the API returned, summed over the load packages.';
comment on column marts.rpt_sync.orders_changed is 'Of these, orders that were new or had a new state.';
comment on column marts.rpt_sync.is_proven is 'Whether the API''s own counts confirmed every window that was read.';
comment on column marts.rpt_sync.published is 'Whether the result passed all checks and replaced the published file.';
