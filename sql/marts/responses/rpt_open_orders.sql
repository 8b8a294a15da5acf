/*
One row per order that waits for our answer (status pending), most urgent first.

kind: aggregate
key: portout_id

portout_id: Telnyx's id of the order.
support_key: Short name of the order, for support requests to Telnyx.
carrier_id: Gaining carrier, see dim_carriers.
carrier_name: Name of the carrier in its most frequent spelling.
number_count: Numbers in the order.
inserted_at: When Telnyx received the order.
deadline_at: When Telnyx authorises the order by itself: response_window_hours (48 by default) after the current pending
    spell began. Without an event the spell begins at the sync that first saw the order pending, or at as_of if none
    did; the true deadline is then earlier. Null if the beginning is unknown.
hours_left: Hours from as_of to deadline_at; negative if overdue, null without a deadline.
urgency: overdue; critical (less than 4 hours left); soon (less than 24 hours); ample. Null without a deadline.
*/
with timed as (
    select
        orders.portout_id,
        orders.support_key,
        orders.carrier_id,
        orders.carrier_name,
        orders.number_count,
        orders.inserted_at,
        spells.deadline_at,
        date_diff('microsecond', instant.as_of at time zone 'UTC', spells.deadline_at at time zone 'UTC') / 3.6e9
            as hours_left,
    from intermediate.int_pending_orders as orders
    cross join staging.model_instant as instant
    left join intermediate.int_open_spells as spells on spells.portout_id = orders.portout_id
)

select
    portout_id, support_key, carrier_id, carrier_name, number_count, inserted_at, deadline_at, hours_left,
    case
        when hours_left < 0 then 'overdue'
        when hours_left < 4 then 'critical'
        when hours_left < 24 then 'soon'
        when hours_left >= 24 then 'ample'
    end as urgency,
from timed
order by deadline_at, portout_id
