/*
One row per order of which an event shows whether a PIN was attempted.

kind: per order
key: portout_id

has_attempted_pin: Whether an event of the order shows a PIN. The PIN itself is stored nowhere.
*/
select
    portout_id,
    max(case when has_attempted_pin then 1 else 0 end) = 1 as has_attempted_pin,
from staging.stg_events
where has_attempted_pin is not null
group by portout_id
