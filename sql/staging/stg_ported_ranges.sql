create or replace view staging.stg_ported_ranges as
select
    portout_id,
    ported_from,
    ported_to,
    seen_at,
from raw.portout_ported_ranges as ported_ranges
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = ported_ranges.portout_id
);

comment on view staging.stg_ported_ranges is 'One row per order and ported_out_at window in which the API returned the order. The API never returns the instant itself.';
comment on column staging.stg_ported_ranges.portout_id is 'Telnyx''s id of the order.';
comment on column staging.stg_ported_ranges.ported_from is 'The order was ported no earlier than this.';
comment on column staging.stg_ported_ranges.ported_to is 'The order was ported no later than this.';
comment on column staging.stg_ported_ranges.seen_at is 'The as_of of the sync that read the window.';
