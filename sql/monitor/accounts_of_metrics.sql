-- The metrics of each account in the published file.
select account, epoch(as_of) as data_as_of, failed_at is not null as has_failed,
from raw.accounts
order by account
