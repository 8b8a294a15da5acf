-- Which requests did silence authorise last month?
-- mart: fct_responses, fct_portouts, rpt_settings
-- An estimate: authorised no sooner than response_window_hours after the request.
select
    spells.responded_at,
    orders.support_key,
    orders.carrier_name,
    orders.end_user_name,
    orders.number_count,
    round(spells.response_hours, 1) as response_hours,
from marts.fct_responses as spells
inner join marts.fct_portouts as orders on orders.portout_id = spells.portout_id
cross join marts.rpt_settings as settings
where spells.response = 'authorized_automatically'
    and date_trunc('month', spells.responded_at at time zone settings.reporting_time_zone)
    = date_trunc('month', settings.as_of at time zone settings.reporting_time_zone) - interval 1 month
order by spells.responded_at, orders.portout_id
