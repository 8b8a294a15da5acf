/*
One row per order and ported_out_at window in which the API returned the order. The API never returns the instant
itself.

kind: per order view
key: portout_id, ported_from, ported_to

ported_from: The order was ported no earlier than this.
ported_to: The order was ported no later than this.
seen_at: The as_of of the sync that read the window.
*/
select
    portout_id,
    ported_from,
    ported_to,
    seen_at,
from raw.portout_ported_ranges as ported_ranges
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = ported_ranges.portout_id
)
