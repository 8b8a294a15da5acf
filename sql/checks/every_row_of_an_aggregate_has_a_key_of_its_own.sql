-- An aggregate has two rows of one grain: its model groups wrongly.
with keys as (
    select 'agg_portouts_daily' as mart, cast(day as varchar) as key
    from marts.agg_portouts_daily
    union all
    select 'agg_portouts_rolling', cast(day as varchar)
    from marts.agg_portouts_rolling
    union all
    select 'agg_portouts', concat_ws('|', day, coalesce(status, '-'), carrier_id, coalesce(country_code, '-'))
    from marts.agg_portouts
    union all
    select 'agg_portouts_by_area', concat_ws('|', coalesce(country_code, '-'), coalesce(area_code, '-'))
    from marts.agg_portouts_by_area
    union all
    select 'agg_carriers_gained', carrier_id
    from marts.agg_carriers_gained
    union all
    select 'agg_carriers_gained_monthly', concat_ws('|', month, carrier_id)
    from marts.agg_carriers_gained_monthly
    union all
    select 'agg_response_latency_monthly', cast(month as varchar)
    from marts.agg_response_latency_monthly
    union all
    select 'agg_response_survival', cast(hours as varchar)
    from marts.agg_response_survival
    union all
    select 'agg_rejections', coalesce(cast(rejection_code as varchar), '-')
    from marts.agg_rejections
    union all
    select 'agg_cohorts_weekly', cast(week as varchar)
    from marts.agg_cohorts_weekly
    union all
    select 'agg_foc_slip_monthly', cast(month as varchar)
    from marts.agg_foc_slip_monthly
    union all
    select 'fct_rejections', concat_ws('|', portout_id, rejection_number)
    from marts.fct_rejections
)

select concat(mart, ': ', coalesce(key, 'null')) as row_of, count(*) as rows
from keys
group by mart, key
having count(*) > 1;
