/*
One row: the first and the last day on which orders were received or ported.

kind: aggregate
*/
select
    min(received_on) as first_received_on,
    max(received_on) as last_received_on,
    min(ported_on) as first_ported_on,
    max(ported_on) as last_ported_on,
from intermediate.int_orders
