-- Since when does each pending order wait for an answer?
select portout_id, pending_at
from marts.fct_responses
where response = 'open' and pending_at is not null
