create or replace table marts.rpt_open_orders as
with orders as (
    select portout_id, support_key, carrier_id, carrier_name, number_count, inserted_at
    from marts.fct_portouts
    where status = 'pending'
),

open_spells as (
    select portout_id, deadline_at
    from marts.fct_responses
    where response = 'open'
),

timed as (
    select
        orders.portout_id,
        orders.support_key,
        orders.carrier_id,
        orders.carrier_name,
        orders.number_count,
        orders.inserted_at,
        open_spells.deadline_at,
        date_diff('microsecond', inputs.as_of, open_spells.deadline_at) / 3.6e9 as hours_left,
    from orders
    cross join staging.model_inputs as inputs
    left join open_spells on open_spells.portout_id = orders.portout_id
),

classified as (
    select
        timed.*,
        case
            when hours_left < 0 then 'overdue'
            when hours_left < 4 then 'critical'
            when hours_left < 24 then 'soon'
            when hours_left >= 24 then 'ample'
        end as urgency,
    from timed
)

select
    portout_id, support_key, carrier_id, carrier_name, number_count, inserted_at, deadline_at, hours_left, urgency,
from classified
order by deadline_at, portout_id;

comment on table marts.rpt_open_orders is 'One row per order that waits for our answer (status pending), most urgent first.';
comment on column marts.rpt_open_orders.portout_id is 'Telnyx''s id of the order.';
comment on column marts.rpt_open_orders.support_key is 'Short name of the order, for support requests to Telnyx.';
comment on column marts.rpt_open_orders.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.rpt_open_orders.carrier_name is 'Name of the carrier in its most frequent spelling.';
comment on column marts.rpt_open_orders.number_count is 'Numbers in the order.';
comment on column marts.rpt_open_orders.inserted_at is 'When Telnyx received the order.';
comment on column marts.rpt_open_orders.deadline_at is 'When Telnyx authorises the order by itself: response_window_hours (48 by default) after the current pending spell began. Without an event the spell begins at the sync that first saw the order pending, or at as_of if none did; the true deadline is then earlier. Null if the beginning is unknown.';
comment on column marts.rpt_open_orders.hours_left is 'Hours from as_of to deadline_at; negative if overdue, null without a deadline.';
comment on column marts.rpt_open_orders.urgency is 'overdue; critical (less than 4 hours left); soon (less than 24 hours); ample. Null without a deadline.';
