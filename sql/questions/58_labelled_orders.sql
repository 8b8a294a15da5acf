-- Which port-outs does our own list label, and who gained them?
-- mart: fct_labels, fct_portouts
-- The list is the one that the setting labels names.
select
    labels.label,
    labels.labelled_by,
    orders.support_key,
    orders.carrier_name,
    orders.number_count,
    orders.status,
    orders.ported_at,
from marts.fct_labels as labels
inner join marts.fct_portouts as orders on orders.portout_id = labels.portout_id
order by orders.inserted_at desc, orders.portout_id
limit 25
