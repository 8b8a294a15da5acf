-- An aggregate has two rows with one key, so its model groups wrongly: please report it.
with doubled as (
    select 'agg_portouts_daily' as mart, concat(day) as key
    from marts.agg_portouts_daily
    group by day
    having count(*) > 1
    union all
    select 'agg_portouts_monthly', concat(month)
    from marts.agg_portouts_monthly
    group by month
    having count(*) > 1
    union all
    select 'agg_portouts_rolling', concat(day)
    from marts.agg_portouts_rolling
    group by day
    having count(*) > 1
    union all
    select 'agg_portouts', concat_ws('|', day, status, carrier_id, country_code)
    from marts.agg_portouts
    group by day, status, carrier_id, country_code
    having count(*) > 1
    union all
    select 'agg_portouts_by_area', concat_ws('|', country_code, area_code)
    from marts.agg_portouts_by_area
    group by country_code, area_code
    having count(*) > 1
    union all
    select 'agg_portouts_by_area_monthly', concat_ws('|', month, country_code, area_code)
    from marts.agg_portouts_by_area_monthly
    group by month, country_code, area_code
    having count(*) > 1
    union all
    select 'agg_carriers_gained', carrier_id
    from marts.agg_carriers_gained
    group by carrier_id
    having count(*) > 1
    union all
    select 'agg_carriers_gained_monthly', concat_ws('|', month, carrier_id)
    from marts.agg_carriers_gained_monthly
    group by month, carrier_id
    having count(*) > 1
    union all
    select 'agg_response_latency_monthly', concat(month)
    from marts.agg_response_latency_monthly
    group by month
    having count(*) > 1
    union all
    select 'agg_response_survival', concat(hours)
    from marts.agg_response_survival
    group by hours
    having count(*) > 1
    union all
    select 'agg_rejections', concat(rejection_code)
    from marts.agg_rejections
    group by rejection_code
    having count(*) > 1
    union all
    select 'agg_cohorts_weekly', concat(week)
    from marts.agg_cohorts_weekly
    group by week
    having count(*) > 1
    union all
    select 'agg_foc_slip_monthly', concat(month)
    from marts.agg_foc_slip_monthly
    group by month
    having count(*) > 1
    union all
    select 'fct_rejections', concat_ws('|', portout_id, rejection_number)
    from marts.fct_rejections
    group by portout_id, rejection_number
    having count(*) > 1
)

select concat(mart, ': ', key) as row_of
from doubled;
