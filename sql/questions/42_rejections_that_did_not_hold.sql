-- Whose requests do we reject although the rejections are not upheld?
-- mart: fct_rejections, fct_portouts
select
    orders.carrier_id,
    orders.carrier_name,
    count(*) as rejections_by_us,
    count(case when rejections.outcome = 'reopened' then 1 end) as reopened,
    count(case when rejections.outcome = 'reopened' and orders.status = 'ported' then 1 end) as ported_after_all,
from marts.fct_rejections as rejections
inner join marts.fct_portouts as orders on orders.portout_id = rejections.portout_id
where rejections.rejected_by = 'us'
group by orders.carrier_id, orders.carrier_name
order by ported_after_all desc, rejections_by_us desc, orders.carrier_id
limit 10
