create or replace view staging.stg_verifications as
select
    verification_id,
    as_of,
    started_at,
    finished_at,
    depth,
    range_start,
    range_end,
    buckets,
    requests,
    orders,
    differences,
    repaired,
    moved,
    sampled_windows,
    sampled_orders,
    verdict,
    not_covered,
    events,
    events_missing,
    content_checksum,
from raw.verifications;

comment on view staging.stg_verifications is 'One row per verification: a certificate that shows how far the API and this warehouse agreed.';
comment on column staging.stg_verifications.verification_id is 'Id of the verification.';
comment on column staging.stg_verifications.as_of is 'The as_of of the compared warehouse.';
comment on column staging.stg_verifications.started_at is 'When the verification began, by the clock of its machine.';
comment on column staging.stg_verifications.finished_at is 'When it ended, by the same clock.';
comment on column staging.stg_verifications.depth is 'Which counts were compared: sync (at the end of a sync), quick (the whole range per status), or month, week or day (each per status).';
comment on column staging.stg_verifications.range_start is 'Start of the compared orders, by inserted_at; null if nothing is covered.';
comment on column staging.stg_verifications.range_end is 'End of the compared orders, by inserted_at; not included.';
comment on column staging.stg_verifications.buckets is 'Counts of the API that were compared with ours before the search for differences.';
comment on column staging.stg_verifications.requests is 'Requests of the verification, including repairs.';
comment on column staging.stg_verifications.orders is 'Orders in the range, as counted by the API.';
comment on column staging.stg_verifications.differences is 'Orders found missing, stale, different or deleted. With verdict DIFFERENT it is 0 if only counts were compared.';
comment on column staging.stg_verifications.repaired is 'Of these, orders that were loaded again or marked as deleted, and verified afterwards.';
comment on column staging.stg_verifications.moved is 'Orders that changed after as_of. They are no differences; the next sync reads them.';
comment on column staging.stg_verifications.sampled_windows is 'Ranges of one page each, chosen at random and compared field by field.';
comment on column staging.stg_verifications.sampled_orders is 'Orders in these ranges.';
comment on column staging.stg_verifications.verdict is 'PROVEN, DIFFERENT or UNPROVEN (the API gave no count, or kept changing).';
comment on column staging.stg_verifications.not_covered is 'What the verification did not compare.';
comment on column staging.stg_verifications.events is 'Events in the covered ranges less the overlap, as counted by the API; null if they were not counted.';
comment on column staging.stg_verifications.events_missing is 'Ranges in which the API has more events than this warehouse, after any repair; null if events were not counted.';
comment on column staging.stg_verifications.content_checksum is 'Version of DuckDB and checksum of every published table except this one, read back from the published file; null if a later sync without a certificate followed.';
