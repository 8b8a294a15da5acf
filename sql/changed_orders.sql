-- The orders whose rows an incremental build computes again: those that changed in raw, and those whose current status
-- only as_of dates, because as_of has moved.
select portout_id
from raw.changed_orders
where portout_id is not null
union
select portout_id
from intermediate.int_unexplained_statuses
where seen_at is null
