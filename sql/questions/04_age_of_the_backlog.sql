-- How long have the pending orders waited for us?
-- mart: agg_backlog_age
select age_bucket, orders, numbers, oldest_pending_at
from marts.agg_backlog_age
order by bucket_number
