-- Orders without inserted_at count as received in no day, week or month, and as open on no day; their end does count.
select portout_id, status
from staging.stg_portouts
where inserted_at is null
