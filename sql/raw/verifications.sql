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

-- Columns that a later version added.
alter table raw.verifications add column if not exists events bigint;
alter table raw.verifications add column if not exists events_missing bigint;
alter table raw.verifications add column if not exists content_checksum varchar;

comment on table raw.verifications is 'One row per verification: a certificate of how far the API and this warehouse agree. Append-only.';
comment on column raw.verifications.verification_id is 'Identifies the verification.';
comment on column raw.verifications.as_of is 'The instant of the warehouse that was compared.';
comment on column raw.verifications.started_at is 'When the verification began, by the clock of the machine that ran it.';
comment on column raw.verifications.finished_at is 'When it ended, by the same clock.';
comment on column raw.verifications.depth is 'What was counted: sync (at the end of a sync), quick (whole range per status), month, week or day (per status too).';
comment on column raw.verifications.range_start is 'Orders inserted from here on were compared; null when nothing is covered.';
comment on column raw.verifications.range_end is 'Orders inserted before this were compared.';
comment on column raw.verifications.buckets is 'Counts of the API compared with ours before any search.';
comment on column raw.verifications.requests is 'Requests sent for it, repairs included.';
comment on column raw.verifications.orders is 'Orders that the API counted in the range.';
comment on column raw.verifications.differences is 'Orders found missing, stale, different or deleted; 0 with verdict DIFFERENT when only counts were compared.';
comment on column raw.verifications.repaired is 'Of these, orders loaded again or marked deleted, and verified afterwards.';
comment on column raw.verifications.moved is 'Orders that changed after as_of: no difference, the next sync reads them.';
comment on column raw.verifications.sampled_windows is 'Ranges of one page drawn at random and compared field by field.';
comment on column raw.verifications.sampled_orders is 'Orders in them.';
comment on column raw.verifications.verdict is 'PROVEN, DIFFERENT or UNPROVEN (the API gave no count, or did not hold still).';
comment on column raw.verifications.not_covered is 'What the verdict does not speak of.';
comment on column raw.verifications.events is 'Events that the API counted in the covered ranges of events, less the overlap; null where they were not counted.';
comment on column raw.verifications.events_missing is 'Ranges of events in which the API counts more than are held, after any repair; null where they were not counted.';
comment on column raw.verifications.content_checksum is 'Checksum of every published table but this one, read back from the file as it was published with this certificate, after the version of DuckDB that made it; null where a later sync without a certificate followed.';
