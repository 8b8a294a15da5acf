-- Which port-outs took the most numbers at once?
-- mart: fct_portouts
select ported_on, ported_at_source, carrier_name, end_user_name, number_count, support_key
from marts.fct_portouts
where status = 'ported'
order by number_count desc, ported_on desc, portout_id
limit 10
