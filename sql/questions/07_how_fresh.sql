-- How fresh is this file, and is it proven?
-- mart: rpt_sync
select as_of, orders_read, orders_changed, requests, is_proven
from marts.rpt_sync
order by as_of desc
limit 5
