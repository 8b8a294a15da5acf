/*
One row per verification: a certificate that shows how far the API and this warehouse agreed.

kind: view
key: verification_id

account: Name of the Telnyx account that was verified; default where no accounts are set up.
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
