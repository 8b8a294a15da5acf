/*
One row per sync.

kind: view
key: sync_id

sync_id: Id of the sync.
account: Name of the Telnyx account that the sync read; default where no accounts are set up.
as_of: The sync loaded the state of the API at this instant.
started_at: When the sync began.
finished_at: When the last row was committed.
requests: HTTP requests made.
orders_read: Orders received.
is_proven: Whether the API's own counts confirmed every window that was read.
is_published: Whether the published file was replaced afterwards.
*/
select
    sync_id,
    account,
    as_of,
    started_at,
    finished_at,
    requests,
    orders_read,
    orders_changed,
    is_proven,
    published as is_published,
    build,
    build_reason,
from raw.syncs
