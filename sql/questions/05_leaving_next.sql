-- How many numbers leave in the next 14 days?
-- mart: fct_portouts, dim_days
-- The warehouse's today is the last day of dim_days: the day of as_of, unless an order is slightly younger.
with today as (
    select max(day) as day
    from marts.dim_days
),

authorized as (
    select foc_on, carrier_id, number_count
    from marts.fct_portouts
    where status = 'authorized'
)

select
    authorized.foc_on,
    count(*) as orders,
    sum(authorized.number_count) as numbers,
    count(distinct authorized.carrier_id) as carriers,
from authorized
cross join today
where date_diff('day', today.day, authorized.foc_on) between 0 and 13
group by authorized.foc_on
order by authorized.foc_on
