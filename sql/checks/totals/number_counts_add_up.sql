-- Numbers are without their order, or in it twice: rebuild raw with `portouts sync --full`.
with counted as (
    select coalesce(sum(number_count), 0) as number_count
    from marts.fct_portouts
),

listed as (
    select count(*) as number_count
    from marts.fct_portout_numbers
)

select 'all orders' as what, counted.number_count, listed.number_count as listed_count
from counted
cross join listed
where counted.number_count <> listed.number_count
