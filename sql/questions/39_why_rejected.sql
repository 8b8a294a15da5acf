-- Why are requests rejected, and are the rejections upheld?
-- mart: agg_rejections
select
    rejection_code,
    rejections,
    by_us,
    at_intake,
    upheld,
    reopened,
    canceled,
    undecided,
    round(100.0 * upheld / nullif(rejections - undecided, 0), 1) as upheld_percent,
from marts.agg_rejections
order by rejections desc, rejection_code
