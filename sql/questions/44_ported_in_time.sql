-- What share of a week's requests is ported after 7, 14 and 30 days?
-- mart: agg_cohorts_weekly
-- A week has no share until all its orders are 7 days old; it would look worse than it is.
select
    week,
    orders_received,
    round(100 * share_7d, 1) as percent_7d,
    round(100 * share_14d, 1) as percent_14d,
    round(100 * share_30d, 1) as percent_30d,
from marts.agg_cohorts_weekly
where share_7d is not null
order by week desc
limit 12
