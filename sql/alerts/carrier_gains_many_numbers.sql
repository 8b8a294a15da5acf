-- One carrier has gained 50 numbers or more within 72 hours.
-- key: _carrier_id
-- Counts numbers of orders ported in the 72 hours before as_of.
select
    carrier_name as carrier,
    sum(number_count) as numbers,
    count(*) as orders,
    carrier_id as _carrier_id,
from marts.fct_portouts
where ported_at > (select max(as_of) from marts.rpt_sync) - interval 72 hour
group by carrier_name, carrier_id
having sum(number_count) >= 50
order by numbers desc, carrier_id
