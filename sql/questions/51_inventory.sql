-- With the inventory: how many numbers are in service, by country and type, and how many of them have a PIN?
-- mart: dim_numbers
select
    country_code,
    number_type,
    count(*) as numbers,
    count(case when has_pin then 1 end) as with_pin,
    min(in_service_from) as oldest_from,
from marts.dim_numbers
where is_held
group by country_code, number_type
order by numbers desc
