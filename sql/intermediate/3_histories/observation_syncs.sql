create or replace temp table observation_syncs as
-- Each sync that recorded observations, with the sync before it and the very first sync. If an order already existed at
-- the previous sync, a status first seen now may have begun at any earlier time. This happens at the very first sync,
-- and when the loaded history is extended backwards.
with observed as (
    select distinct seen_at
    from staging.stg_observations
),

first_sync as (
    select min(as_of) as as_of
    from staging.stg_syncs
),

with_previous as (
    select observed.seen_at, syncs.as_of
    from observed
    asof left join staging.stg_syncs as syncs on syncs.as_of < observed.seen_at
)

select
    with_previous.seen_at,
    coalesce(with_previous.as_of, first_sync.as_of) as previous_sync_at,
    first_sync.as_of as first_sync_at,
from with_previous
cross join first_sync;
