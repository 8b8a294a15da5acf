create or replace table marts.agg_portouts as
with orders as (
    select received_on, status, carrier_number, country_code, number_count
    from staging.int_orders
),

grouped as (
    select
        received_on as day,
        status,
        carrier_number,
        country_code,
        count(*) as orders,
        cast(sum(number_count) as bigint) as numbers,
    from orders
    group by received_on, status, carrier_number, country_code
)

select grouped.day, grouped.status, carriers.carrier_id, grouped.country_code, grouped.orders, grouped.numbers
from grouped
inner join staging.int_carriers as carriers on carriers.carrier_number = grouped.carrier_number;

comment on table marts.agg_portouts is 'One row per day received, current status, gaining carrier and country. Combinations without orders have no row.';
comment on column marts.agg_portouts.day is 'Day on which Telnyx received the orders (the day of inserted_at), in the reporting time zone; null for orders without inserted_at.';
comment on column marts.agg_portouts.status is 'Current status, by Telnyx''s name.';
comment on column marts.agg_portouts.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.agg_portouts.country_code is 'Country of the order''s first number.';
comment on column marts.agg_portouts.orders is 'Orders.';
comment on column marts.agg_portouts.numbers is 'Numbers in these orders; a number in two orders counts twice.';
