/*
One row per verification: a certificate that shows how far the API and this warehouse agreed.

kind: view
key: verification_id

verification_id: Id of the verification.
account: Name of the Telnyx account that was verified; default where no accounts are set up.
as_of: The as_of of the compared warehouse.
started_at: When the verification began, by the clock of its machine.
finished_at: When it ended, by the same clock.
depth: Which counts were compared: sync (at the end of a sync), quick (the whole range per status), or month, week or
    day (each per status).
range_start: Start of the compared orders, by inserted_at; null if nothing is covered.
range_end: End of the compared orders, by inserted_at; not included.
buckets: Counts of the API that were compared with ours before the search for differences.
requests: Requests of the verification, including repairs.
orders: Orders in the range, as counted by the API.
differences: Orders found missing, stale, different or deleted. With verdict DIFFERENT it is 0 if only counts were
    compared.
repaired: Of these, orders that were loaded again or marked as deleted, and verified afterwards.
moved: Orders that changed after as_of. They are no differences; the next sync reads them.
sampled_windows: Ranges of one page each, chosen at random and compared field by field.
sampled_orders: Orders in these ranges.
verdict: PROVEN, DIFFERENT or UNPROVEN (the API gave no count, or kept changing).
not_covered: What the verification did not compare.
events: Events in the covered ranges less the overlap, as counted by the API; null if they were not counted.
events_missing: Ranges in which the API has more events than this warehouse, after any repair; null if events were not
    counted.
content_checksum: Version of DuckDB and checksum of every published table except this one, read back from the published
    file; null if a later sync without a certificate followed.
*/
select
    verification_id,
    account,
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
from raw.verifications
