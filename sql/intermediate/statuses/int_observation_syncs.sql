/*
One row per instant at which a sync recorded observations. If an order already existed at the sync before, a status
first seen now may have begun at any earlier time. This happens at the very first sync, and when the loaded history is
extended backwards.

kind: dimension
key: seen_at

seen_at: The as_of of the sync that recorded them.
previous_sync_at: The as_of of the finished sync before it; of the very first sync if there is none before.
first_sync_at: The as_of of the very first finished sync.
*/
with instants as (
    select seen_at as instant, 0 as is_sync
    from staging.stg_observations
    group by seen_at
    union all
    select as_of, 1
    from staging.stg_syncs
    group by as_of
),

-- Of a sync and its observations, which have one instant, the observations come first: they need the sync before.
ordered as (
    select
        instant,
        is_sync,
        max(case when is_sync = 1 then instant end) over (
            order by instant, is_sync rows between unbounded preceding and current row
        ) as previous_sync_at,
        min(case when is_sync = 1 then instant end) over () as first_sync_at,
    from instants
)

select instant as seen_at, coalesce(previous_sync_at, first_sync_at) as previous_sync_at, first_sync_at
from ordered
where is_sync = 0
