-- Orders without inserted_at are in no day and no month.
select portout_id, status
from staging.stg_portouts
where inserted_at is null
