/*
One row per verification, newest first: a certificate that shows how far the API and this warehouse agreed.

kind: view
key: account, as_of, finished_at
*/
select
    account, as_of, started_at, finished_at, depth, range_start, range_end, buckets, requests, orders, differences, repaired, moved,
    sampled_windows, sampled_orders, verdict, not_covered, events, events_missing, content_checksum,
from staging.stg_verifications
order by as_of desc, finished_at desc
