create table if not exists raw.syncs (
    sync_id varchar not null,
    as_of timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    requests bigint,
    orders_read bigint,
    events_read bigint,
    orders_changed bigint,
    is_proven boolean,
    published boolean
);

-- Columns that later versions added.
alter table raw.syncs add column if not exists account varchar default 'default';
alter table raw.syncs add column if not exists build varchar;
alter table raw.syncs add column if not exists build_reason varchar;

comment on table raw.syncs is 'One row per finished sync. The warehouse shows the state of the API at the latest as_of.';
comment on column raw.syncs.sync_id is 'Id of the sync; observations contain it.';
comment on column raw.syncs.as_of is 'The instant up to which ranges were read.';
comment on column raw.syncs.started_at is 'When the sync began, by the clock of its machine.';
comment on column raw.syncs.finished_at is 'When everything was loaded, by the same clock.';
comment on column raw.syncs.requests is 'Requests sent to the API, retries included.';
comment on column raw.syncs.orders_read is 'Distinct orders read, summed over the load packages.';
comment on column raw.syncs.events_read is 'Events read.';
comment on column raw.syncs.orders_changed is 'Orders that were new or had a new state.';
comment on column raw.syncs.is_proven is 'Whether the API''s own counts confirmed every range that was read.';
comment on column raw.syncs.published is 'Whether the result passed all checks and was published.';
comment on column raw.syncs.build is 'What the sync computed of the models: full, or incremental (only what changed).';
comment on column raw.syncs.build_reason is 'Why the build was full, or how many orders had changed.';
comment on column raw.syncs.account is 'Name of the account that the sync read; default where no accounts are set up.';
