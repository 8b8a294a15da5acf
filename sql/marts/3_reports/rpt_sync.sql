create or replace view marts.rpt_sync as
with syncs as (
    select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published
    from staging.stg_syncs
)

select as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published as published
from syncs
order by as_of;

comment on view marts.rpt_sync is 'One row per finished sync, oldest first: the marts describe the as_of of the last one.';
comment on column marts.rpt_sync.as_of is 'The instant whose state of the API the sync loaded; what changed later is read by the next.';
comment on column marts.rpt_sync.started_at is 'When the sync began, by the clock of the machine that ran it.';
comment on column marts.rpt_sync.finished_at is 'When its last row was committed, by the same clock.';
comment on column marts.rpt_sync.requests is 'HTTP requests sent to the API, retries included.';
comment on column marts.rpt_sync.orders_read is 'Distinct orders that the API sent, summed over load packages.';
comment on column marts.rpt_sync.orders_changed is 'Of these, orders seen for the first time or in a state not seen before.';
comment on column marts.rpt_sync.is_proven is 'Whether every window read was proven against the API''s own counts.';
comment on column marts.rpt_sync.published is 'Whether its result passed all checks and replaced the published file.';
