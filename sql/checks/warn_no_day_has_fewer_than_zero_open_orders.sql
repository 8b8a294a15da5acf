-- Orders closed before they were received: the API's clocks disagree.
select day, orders_open
from marts.agg_portouts_daily
where orders_open < 0
