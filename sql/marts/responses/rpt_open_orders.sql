/*
One row per order that waits for our answer (status pending), most urgent first.

kind: aggregate
key: portout_id

support_key: Short name of the order, for support requests to Telnyx.
carrier_name: Name of the carrier in its most frequent spelling.
end_user_name: Name of the end user; hashed or null if the setting pii asks for it.
deadline_at: When Telnyx authorises the order by itself: response_window_hours (48 by default) after the current pending
    spell began. Without an event the spell begins at the sync that first saw the order pending, or at as_of if none
    did; the true deadline is then earlier. Null if the beginning is unknown.
business_hours_left: hours_left in business hours: 08:00 to 17:00 where the numbers are, Monday to Friday without the
    holidays of the country of the first number. A deadline in the night or on a day off has the value of the close
    before it. 0 or negative if overdue, null without a deadline.
urgency: overdue; critical (less than 4 hours left); soon (less than 24 hours); ample. Null without a deadline.
*/
with timed as (
    select orders.*, deadlines.deadline_at, deadlines.hours_left, deadlines.business_hours_left,
    from intermediate.int_pending_orders as orders
    inner join intermediate.int_open_deadlines as deadlines on deadlines.portout_id = orders.portout_id
)

select
    portout_id, account, support_key, pon, carrier_id, carrier_name, end_user_name, number_count, inserted_at,
    deadline_at, hours_left, business_hours_left,
    case
        when hours_left < 0 then 'overdue'
        when hours_left < 4 then 'critical'
        when hours_left < 24 then 'soon'
        when hours_left >= 24 then 'ample'
    end as urgency,
from timed
order by deadline_at, portout_id
