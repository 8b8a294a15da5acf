/*
One row per day received, current status, gaining carrier and country. Combinations without orders have no row.

kind: aggregate
key: day, status, carrier_id, country_code

day: Day on which Telnyx received the orders (the day of inserted_at), in the reporting time zone; null for orders
    without inserted_at.
orders: Orders.
numbers: Numbers in these orders; a number in two orders counts twice.
*/
select
    received_on as day,
    status,
    carrier_id,
    country_code,
    count(*) as orders,
    cast(sum(number_count) as bigint) as numbers,
from marts.fct_portouts
group by received_on, status, carrier_id, country_code
