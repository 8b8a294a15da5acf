-- How many requests reach each stage, and how long do they stay in it?
-- mart: agg_funnel_monthly
-- By month of receipt; the last months change, because their orders go on.
select
    strftime(month, '%Y-%m') as month,
    orders_received as received,
    orders_answered as answered,
    orders_foc_confirmed as foc_confirmed,
    orders_ported as ported,
    round(p50_answer_hours, 1) as p50_answer_hours,
    round(p50_port_hours, 1) as p50_port_hours,
    round(p50_total_hours, 1) as p50_total_hours,
    round(100 * first_pass_acceptance, 1) as first_pass_percent,
    round(100 * on_time_share, 1) as on_time_percent,
from marts.agg_funnel_monthly
order by month desc
limit 13
