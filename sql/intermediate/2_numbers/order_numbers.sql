-- Sorting and joining by an integer costs a fraction of doing it by the text of a UUID (see README.md of the layer).
create or replace temp table order_numbers as
select
    cast(row_number() over (order by orders.inserted_at) as integer) as order_number,
    orders.portout_id,
    statuses.status_code,
    orders.inserted_at,
from staging.stg_portouts as orders
inner join staging.int_statuses as statuses on statuses.status = coalesce(orders.status, 'unknown');
