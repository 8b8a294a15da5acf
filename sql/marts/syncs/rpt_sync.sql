/*
One row per finished sync, oldest first. The marts describe the as_of of the last one.

kind: view
key: account, as_of, started_at

as_of: The sync loaded the state of the API at this instant; the next sync reads later changes.
started_at: When the sync began, by the clock of its machine.
finished_at: When the last row was committed, by the same clock.
requests: HTTP requests sent to the API, retries included.
orders_read: Distinct orders that the API returned, summed over the load packages.
orders_changed: Of these, orders that were new or had a new state.
published: Whether the result passed all checks and replaced the published file.
*/
select
    account, as_of, started_at, finished_at, requests, orders_read, orders_changed, is_proven, is_published as published,
    build, build_reason,
from staging.stg_syncs
order by as_of
