-- Which requests need an answer first, before silence authorises them?
select
    carrier_name,
    number_count as numbers,
    strftime(deadline_at at time zone 'UTC', '%m-%d %H:%M') as deadline_utc,
    round(hours_left, 1) as hours_left,
    urgency,
from marts.rpt_open_orders
order by deadline_at, portout_id
limit 10
