-- How do we know when numbers left?
-- mart: fct_portouts
select
    ported_at_source,
    count(*) as orders_ported,
    sum(number_count) as numbers_ported,
    min(ported_on) as first_ported_on,
    max(ported_on) as last_ported_on,
from marts.fct_portouts
where status = 'ported'
group by ported_at_source
order by orders_ported desc
