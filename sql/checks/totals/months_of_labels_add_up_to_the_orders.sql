-- marts.agg_labels_monthly lacks orders or labels, or counts some twice: please report it.
with months as (
    select
        coalesce(sum(orders_received), 0) as orders_received,
        coalesce(sum(orders_labelled), 0) as orders_labelled,
    from marts.agg_labels_monthly
),

orders as (
    select count(orders.portout_id) as orders_received, count(labels.portout_id) as orders_labelled
    from marts.fct_portouts as orders
    left join marts.fct_labels as labels on labels.portout_id = orders.portout_id
    where orders.received_on is not null and exists (select subject from staging.labels)
)

select 'all months' as month, months.orders_received, orders.orders_received as in_facts
from months
cross join orders
where months.orders_received <> orders.orders_received or months.orders_labelled <> orders.orders_labelled
