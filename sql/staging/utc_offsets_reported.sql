create or replace view staging.utc_offsets_reported as
select
    offsets.starts_at,
    offsets.ends_at,
    offsets.local_starts_at,
    offsets.local_ends_at,
    offsets.utc_offset_seconds,
from staging.utc_offsets as offsets
inner join staging.model_inputs as inputs on inputs.time_zone = offsets.time_zone;

comment on view staging.utc_offsets_reported is 'One row per period with a constant UTC offset of the reporting time zone: its rows of utc_offsets.';
comment on column staging.utc_offsets_reported.starts_at is 'First instant of the period.';
comment on column staging.utc_offsets_reported.ends_at is 'End of the period, not included.';
comment on column staging.utc_offsets_reported.local_starts_at is 'First local time that is converted to UTC with this offset.';
comment on column staging.utc_offsets_reported.local_ends_at is 'End of these local times, not included.';
comment on column staging.utc_offsets_reported.utc_offset_seconds is 'Local time is UTC plus this many seconds.';
