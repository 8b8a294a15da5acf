-- Which rejected numbers came back and left anyway, by the reason of the rejection?
-- mart: agg_rejections
-- In the same order, reopened and ported, or with a later order for one of its numbers.
select
    rejection_code,
    rejections,
    reopened,
    ported_after_all,
    ported_with_a_later_order,
    round(100.0 * (ported_after_all + ported_with_a_later_order) / rejections, 1) as left_anyway_percent,
from marts.agg_rejections
order by ported_after_all + ported_with_a_later_order desc, rejection_code
