-- agg_portouts and fct_portouts disagree on a status: please report it.
with counted as (
    select coalesce(status, 'unknown') as status, sum(orders) as orders, sum(numbers) as numbers
    from marts.agg_portouts
    group by coalesce(status, 'unknown')
),

expected as (
    select coalesce(status, 'unknown') as status, count(*) as orders, sum(number_count) as numbers
    from marts.fct_portouts
    group by coalesce(status, 'unknown')
)

select coalesce(expected.status, counted.status) as status, expected.orders, counted.orders as counted_orders
from expected
full outer join counted on counted.status = expected.status
where
    counted.orders is distinct from expected.orders
    or counted.numbers is distinct from expected.numbers
