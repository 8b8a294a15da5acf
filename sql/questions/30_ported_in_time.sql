-- What share of a week's requests is ported after 7, 14 and 30 days?
-- mart: agg_cohorts_weekly
-- Weeks of which not every order is 7 days old have no share yet: they would look worse than they are.
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
