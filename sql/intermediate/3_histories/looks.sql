create or replace temp table looks as
-- What an order is seen in for the first time may have begun at any time before, if the order was there before the sync
-- before, which did not see it: a history extended backwards, and whatever the very first sync finds.
with seen as (
    select distinct seen_at
    from staging.stg_observations
),

first_sync as (
    select min(as_of) as as_of
    from staging.stg_syncs
),

before as (
    select seen.seen_at, syncs.as_of
    from seen
    asof left join staging.stg_syncs as syncs on syncs.as_of < seen.seen_at
)

select
    before.seen_at,
    coalesce(before.as_of, first_sync.as_of) as last_look_at,
    first_sync.as_of as first_look_at,
from before
cross join first_sync;
