-- The curve of agg_response_survival rises or falls below 0: please report it.
with steps as (
    select
        hours,
        still_pending_share,
        lag(still_pending_share, 1, 1) over (order by hours) as share_before,
    from marts.agg_response_survival
)

select hours, still_pending_share, share_before
from steps
where still_pending_share > share_before + 1e-9 or still_pending_share < 0
