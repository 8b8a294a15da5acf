create or replace view marts.rpt_verifications as
select
    as_of, started_at, finished_at, depth, range_start, range_end, buckets, requests, orders, differences, repaired, moved,
    sampled_windows, sampled_orders, verdict, not_covered, events, events_missing, content_checksum,
from staging.stg_verifications
order by as_of desc, finished_at desc;

comment on view marts.rpt_verifications is 'One row per verification, newest first: the certificates of how far the API and this warehouse agreed.';
comment on column marts.rpt_verifications.as_of is 'The instant of the warehouse that was compared.';
comment on column marts.rpt_verifications.started_at is 'When the verification began, by the clock of the machine that ran it.';
comment on column marts.rpt_verifications.finished_at is 'When it ended, by the same clock.';
comment on column marts.rpt_verifications.depth is 'What was counted: sync (at the end of a sync), quick (whole range per status), month, week or day (per status too).';
comment on column marts.rpt_verifications.range_start is 'Orders inserted from here on were compared; null when nothing is covered.';
comment on column marts.rpt_verifications.range_end is 'Orders inserted before this were compared.';
comment on column marts.rpt_verifications.buckets is 'Counts of the API compared with ours before any search.';
comment on column marts.rpt_verifications.requests is 'Requests sent for it, repairs included.';
comment on column marts.rpt_verifications.orders is 'Orders that the API counted in the range.';
comment on column marts.rpt_verifications.differences is 'Orders found missing, stale, different or deleted; 0 with verdict DIFFERENT when only counts were compared.';
comment on column marts.rpt_verifications.repaired is 'Of these, orders loaded again or marked deleted, and verified afterwards.';
comment on column marts.rpt_verifications.moved is 'Orders that changed after as_of: no difference, the next sync reads them.';
comment on column marts.rpt_verifications.sampled_windows is 'Ranges of one page drawn at random and compared field by field.';
comment on column marts.rpt_verifications.sampled_orders is 'Orders in them.';
comment on column marts.rpt_verifications.verdict is 'PROVEN, DIFFERENT or UNPROVEN (the API gave no count, or did not hold still).';
comment on column marts.rpt_verifications.not_covered is 'What the verdict does not speak of.';
comment on column marts.rpt_verifications.events is 'Events that the API counted in the covered ranges of events, less the overlap; null where they were not counted.';
comment on column marts.rpt_verifications.events_missing is 'Ranges of events in which the API counts more than are held, after any repair; null where they were not counted.';
comment on column marts.rpt_verifications.content_checksum is 'Checksum of every published table but this one, read back from the file as it was published with this certificate, after the version of DuckDB that made it; null where a later sync without a certificate followed.';
