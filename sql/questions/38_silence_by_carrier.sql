-- Whose requests do we leave to silence most often?
-- mart: fct_responses, fct_portouts
-- authorized_automatically is an estimate: authorized after at least response_window_hours. Few answers make no rate.
select
    orders.carrier_id,
    orders.carrier_name,
    count(*) as responses,
    count(case when responses.response = 'authorized_automatically' then 1 end) as by_silence,
    round(
        100.0 * count(case when responses.response = 'authorized_automatically' then 1 end) / count(*), 1
    ) as by_silence_percent,
from marts.fct_responses as responses
inner join marts.fct_portouts as orders on orders.portout_id = responses.portout_id
where not responses.is_censored and responses.measured_by <> 'unknown'
group by orders.carrier_id, orders.carrier_name
having count(*) >= 10
order by by_silence_percent desc, orders.carrier_id
limit 10
