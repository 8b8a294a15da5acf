/*
One row per reading of the whole list of numbers.

kind: view
key: account, read_at

account: Name of the Telnyx account that the list shows; default where no accounts are set up.
read_at: The as_of of the sync that read it.
number_count: Numbers on the list.
is_proven: Whether the API's own counts prove that these are all.
sync_id: Sync that read it.
*/
select account, read_at, numbers as number_count, is_proven, sync_id
from raw.phone_number_lists
