-- Do numbers leave on the confirmed day?
-- mart: agg_foc_slip_monthly
select
    month,
    with_foc,
    early,
    on_day,
    late,
    round(100.0 * on_day / nullif(with_foc, 0), 1) as on_day_percent,
    round(p90_slip_days, 1) as p90_slip_days,
    p50_lead_days,
from marts.agg_foc_slip_monthly
order by month desc
limit 12
