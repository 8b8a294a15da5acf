-- How many different numbers have left, by country?
-- mart: fct_portout_numbers, fct_portouts
-- Other marts count a number once per order; here a number that came back and left again counts once.
select
    numbers.country_code,
    count(distinct numbers.phone_number) as different_numbers,
    count(*) as numbers_ported,
    count(distinct orders.portout_id) as orders_ported,
from marts.fct_portout_numbers as numbers
inner join marts.fct_portouts as orders on orders.portout_id = numbers.portout_id
where orders.status = 'ported'
group by numbers.country_code
order by numbers_ported desc, numbers.country_code
