-- In which area codes do more numbers leave than three months ago?
-- mart: agg_portouts_by_area_monthly, dim_days
-- Compares the last three whole months with the three before; the month of as_of is not over.
select
    areas.country_code,
    areas.area_code,
    areas.place,
    sum(case when areas.month < today.month - interval 3 month then areas.numbers_ported else 0 end) as three_before,
    sum(areas.numbers_ported) - three_before as last_three_months,
from marts.agg_portouts_by_area_monthly as areas
cross join (select max(month) as month from marts.dim_days) as today
where areas.area_code is not null and areas.month >= today.month - interval 6 month and areas.month < today.month
group by areas.country_code, areas.area_code, areas.place
having last_three_months > three_before
order by last_three_months - three_before desc, areas.country_code, areas.area_code
limit 10
