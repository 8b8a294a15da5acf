create or replace view staging.stg_deletions as
select
    id as portout_id,
    deleted_at,
from raw.portouts
where deleted_at is not null;

comment on view staging.stg_deletions is 'One row per order that the API no longer returns, as a verification found. The order stays in raw and is in no other view.';
comment on column staging.stg_deletions.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_deletions.deleted_at is 'When a verification found that the API no longer returns the order.';
