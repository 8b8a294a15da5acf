-- Which end users lose the most numbers, and from where?
-- mart: fct_portouts
-- With pii = hash the names are hashes; with drop there are none.
select
    end_user_name,
    min(city) as city,
    min(state) as state,
    count(*) as orders_ported,
    sum(number_count) as numbers_ported,
    max(ported_on) as last_ported_on,
from marts.fct_portouts
where status = 'ported'
group by end_user_name
order by numbers_ported desc, end_user_name
limit 10
