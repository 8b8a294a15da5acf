-- How long are our rejections under review, and how do they end?
-- mart: fct_rejections
select
    outcome,
    count(*) as rejections,
    count(decided_at) as decided_at_a_known_time,
    round(
        percentile_cont(0.5) within group (
            order by date_diff('microsecond', rejected_at, decided_at) / 3.6e9
        ),
        1
    ) as p50_hours,
from marts.fct_rejections
where rejected_by = 'us'
group by outcome
order by rejections desc, outcome
