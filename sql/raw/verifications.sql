create table if not exists raw.verifications (
    verification_id varchar not null,
    as_of timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    depth varchar not null,
    range_start timestamptz,
    range_end timestamptz,
    buckets bigint not null,
    requests bigint not null,
    orders bigint not null,
    differences bigint not null,
    repaired bigint not null,
    moved bigint not null,
    sampled_windows bigint not null,
    sampled_orders bigint not null,
    verdict varchar not null,
    not_covered varchar not null
);

-- Columns that later versions added.
alter table raw.verifications add column if not exists account varchar default 'default';
alter table raw.verifications add column if not exists events bigint;
alter table raw.verifications add column if not exists events_missing bigint;
alter table raw.verifications add column if not exists content_checksum varchar;

comment on table raw.verifications is 'One row per verification: a certificate that shows how far the API and this warehouse agree. Rows are only added.';
comment on column raw.verifications.verification_id is 'Id of the verification.';
comment on column raw.verifications.as_of is 'The as_of of the compared warehouse.';
comment on column raw.verifications.started_at is 'When the verification began, by the clock of its machine.';
comment on column raw.verifications.finished_at is 'When it ended, by the same clock.';
comment on column raw.verifications.depth is 'Which counts were compared: sync (at the end of a sync), quick (the whole range per status), or month, week or day (each per status).';
comment on column raw.verifications.range_start is 'Start of the compared orders, by inserted_at; null if nothing is covered.';
comment on column raw.verifications.range_end is 'End of the compared orders, by inserted_at; not included.';
comment on column raw.verifications.buckets is 'Counts of the API that were compared with ours before the search for differences.';
comment on column raw.verifications.requests is 'Requests of the verification, including repairs.';
comment on column raw.verifications.orders is 'Orders in the range, as counted by the API.';
comment on column raw.verifications.differences is 'Orders found missing, stale, different or deleted. With verdict DIFFERENT it is 0 if only counts were compared.';
comment on column raw.verifications.repaired is 'Of these, orders that were loaded again or marked as deleted, and verified afterwards.';
comment on column raw.verifications.moved is 'Orders that changed after as_of. They are no differences; the next sync reads them.';
comment on column raw.verifications.sampled_windows is 'Ranges of one page each, chosen at random and compared field by field.';
comment on column raw.verifications.sampled_orders is 'Orders in these ranges.';
comment on column raw.verifications.verdict is 'PROVEN, DIFFERENT or UNPROVEN (the API gave no count, or kept changing).';
comment on column raw.verifications.not_covered is 'What the verification did not compare.';
comment on column raw.verifications.events is 'Events in the covered ranges less the overlap, as counted by the API; null if they were not counted.';
comment on column raw.verifications.events_missing is 'Ranges in which the API has more events than this warehouse, after any repair; null if events were not counted.';
comment on column raw.verifications.content_checksum is 'Version of DuckDB and checksum of every published table except this one, read back from the published file; null if a later sync without a certificate followed.';
comment on column raw.verifications.account is 'Name of the account that was verified; default where no accounts are set up.';
