create or replace view staging.utc_offsets_reported as
select
    offsets.starts_at,
    offsets.ends_at,
    offsets.local_starts_at,
    offsets.local_ends_at,
    offsets.utc_offset_seconds,
from staging.utc_offsets as offsets
inner join staging.model_inputs as inputs on inputs.time_zone = offsets.time_zone;

comment on view staging.utc_offsets_reported is 'One row per stretch of time in which the clocks of the reporting time zone keep one distance from UTC: those rows of utc_offsets.';
comment on column staging.utc_offsets_reported.starts_at is 'First instant of the stretch.';
comment on column staging.utc_offsets_reported.ends_at is 'End of the stretch, not part of it.';
comment on column staging.utc_offsets_reported.local_starts_at is 'Local time from which this offset leads back to UTC.';
comment on column staging.utc_offsets_reported.local_ends_at is 'Local time up to which it does.';
comment on column staging.utc_offsets_reported.utc_offset_seconds is 'Local time is UTC plus so many seconds.';
