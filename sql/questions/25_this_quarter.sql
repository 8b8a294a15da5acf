-- Which five carriers gain the most this quarter, with which share, and what was it in the last quarter?
-- mart: agg_carriers_gained_monthly, dim_days
-- The quarter of as_of is not over.
select
    gained.carrier_id,
    gained.carrier_name,
    sum(case when gained.month >= today.quarter then gained.numbers_ported else 0 end) as this_quarter,
    round(100 * this_quarter / nullif(sum(this_quarter) over (), 0), 1) as share_percent,
    sum(case when gained.month < today.quarter then gained.numbers_ported else 0 end) as last_quarter,
    round(100 * last_quarter / nullif(sum(last_quarter) over (), 0), 1) as last_share_percent,
from marts.agg_carriers_gained_monthly as gained
cross join (select max(quarter) as quarter from marts.dim_days) as today
where gained.month >= today.quarter - interval 3 month
group by gained.carrier_id, gained.carrier_name
order by this_quarter desc, gained.carrier_id
limit 5
