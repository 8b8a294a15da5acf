-- What share of requests is still unanswered after 1, 4, 9, 24 and 48 hours?
-- mart: agg_response_survival
-- The curve falls in steps: its value at any hour is that of the last step up to it, and 1 before the first step.
with marks as (
    select hours
    from (values (1), (4), (9), (24), (48)) as marks (hours)
)

select
    marks.hours,
    round(100 * coalesce(min(curve.still_pending_share), 1), 1) as still_unanswered_percent,
    coalesce(sum(curve.responded), 0) as answered_by_then,
from marks
left join marts.agg_response_survival as curve on curve.hours <= marks.hours
group by marks.hours
order by marks.hours
