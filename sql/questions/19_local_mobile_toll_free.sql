-- How many local, mobile, toll-free and other non-geographic numbers leave?
-- mart: fct_portout_numbers, fct_portouts
-- The digits of a number in North America do not show whether it is a mobile phone: both are geographic there.
select
    numbers.country_code,
    numbers.number_type,
    count(*) as numbers_requested,
    count(case when orders.status = 'ported' then 1 end) as numbers_ported,
from marts.fct_portout_numbers as numbers
inner join marts.fct_portouts as orders on orders.portout_id = numbers.portout_id
group by numbers.country_code, numbers.number_type
order by numbers_ported desc, numbers.country_code, numbers.number_type
