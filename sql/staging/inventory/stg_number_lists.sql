/*
One row per reading of the whole list of numbers.

kind: view
key: read_at

read_at: The as_of of the sync that read it.
number_count: Numbers on the list.
is_proven: Whether the API's own counts prove that these are all.
sync_id: Sync that read it.
*/
select read_at, numbers as number_count, is_proven, sync_id
from raw.phone_number_lists
