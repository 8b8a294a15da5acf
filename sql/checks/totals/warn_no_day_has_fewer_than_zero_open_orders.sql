-- Orders were closed before they were received: the clocks of the API disagree.
select day, orders_open
from marts.agg_portouts_daily
where orders_open < 0
