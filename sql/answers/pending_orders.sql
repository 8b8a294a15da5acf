-- Which orders wait for an answer, and how many hours are left now? The limits are those of rpt_open_orders.
with orders as (
    select * from marts.rpt_open_orders
    union all by name
    select cast(null as varchar) as account where false -- a file from before there were accounts has no such column
),

timed as (
    select
        orders.portout_id,
        orders.support_key,
        orders.carrier_id,
        orders.carrier_name,
        orders.number_count,
        orders.inserted_at,
        coalesce(orders.account, 'default') as account,
        spells.pending_at,
        orders.deadline_at,
        date_diff('microsecond', cast($now as timestamptz), orders.deadline_at) / 3.6e9 as hours_left,
        date_diff('microsecond', spells.pending_at, cast($now as timestamptz)) / 3.6e9 as pending_hours,
    from orders
    left join marts.fct_responses as spells on spells.portout_id = orders.portout_id and spells.response = 'open'
)

select
    *,
    case
        when hours_left < 0 then 'overdue'
        when hours_left < 4 then 'critical'
        when hours_left < 24 then 'soon'
        when hours_left >= 24 then 'ample'
    end as urgency,
from timed
order by deadline_at, portout_id
