-- How many port-outs turned out to be unauthorised, mistakes or won back, by month?
-- mart: agg_labels_monthly
-- As the user's list (setting labels) says; recent months may not be reviewed yet.
select
    strftime(month, '%Y-%m') as month,
    orders_received,
    orders_ported,
    orders_labelled,
    round(100 * unauthorised_share, 2) as unauthorised_percent,
    round(100 * error_share, 2) as error_percent,
    round(100 * winback_share, 2) as winback_percent,
from marts.agg_labels_monthly
order by month desc
limit 13
