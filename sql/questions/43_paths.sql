-- From which status do orders go to which, and after how long?
-- mart: fct_status_changes
-- Both times come from events: observed times are upper bounds, so their differences mean nothing.
select
    status,
    next_status,
    count(*) as changes,
    round(
        percentile_cont(0.5) within group (
            order by date_diff('microsecond', began_at, ended_at) / 3.6e9
        ),
        1
    ) as p50_hours,
from marts.fct_status_changes
where measured_by = 'event' and next_measured_by = 'event'
group by status, next_status
order by changes desc, status, next_status
