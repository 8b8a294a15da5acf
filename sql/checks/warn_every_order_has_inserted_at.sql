-- Orders without inserted_at are received in no day, week or month and open on no day; their end counts on its day.
select portout_id, status
from staging.stg_portouts
where inserted_at is null
