-- marts.agg_funnel_monthly lacks orders, or counts some twice: please report it.
with months as (
    select
        coalesce(sum(orders_received), 0) as orders_received,
        coalesce(sum(orders_ported + orders_rejected + orders_canceled + orders_open), 0) as classified,
        coalesce(sum(orders_answered), 0) as orders_answered,
        coalesce(sum(orders_foc_confirmed), 0) as orders_foc_confirmed,
        coalesce(sum(orders_ported), 0) as orders_ported,
        coalesce(sum(orders_ported_on_time + orders_ported_past_grace), 0) as orders_with_grace,
    from marts.agg_funnel_monthly
),

orders as (
    select
        count(*) as orders_received,
        count(stages.first_answer) as orders_answered,
        count(case when stages.is_foc_confirmed then 1 end) as orders_foc_confirmed,
        count(case when stages.is_ported then 1 end) as orders_ported,
        count(orders.is_past_grace) as orders_with_grace,
    from marts.fct_portouts as orders
    inner join marts.fct_order_stages as stages on stages.portout_id = orders.portout_id
    where orders.received_on is not null
)

select 'all months' as month, months.orders_received, orders.orders_received as in_facts
from months
cross join orders
where months.orders_received <> orders.orders_received
    or months.classified <> orders.orders_received
    or months.orders_answered <> orders.orders_answered
    or months.orders_foc_confirmed <> orders.orders_foc_confirmed
    or months.orders_ported <> orders.orders_ported
    or months.orders_with_grace <> orders.orders_with_grace
