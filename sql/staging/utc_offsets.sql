create or replace table staging.utc_offsets (
    time_zone varchar not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    local_starts_at timestamp not null,
    local_ends_at timestamp not null,
    utc_offset_seconds integer not null,
);

comment on table staging.utc_offsets is 'One row per time zone and period with a constant UTC offset. The runner fills it after this file with the rules of the package tzdata; models never use the engine''s rules, which may differ. It has the zones of the settings and of the loaded numbers.';
comment on column staging.utc_offsets.time_zone is 'IANA time zone.';
comment on column staging.utc_offsets.starts_at is 'First instant of the period; year 1 for the first period.';
comment on column staging.utc_offsets.ends_at is 'End of the period, not included; year 9999 for the last period.';
comment on column staging.utc_offsets.local_starts_at is 'First local time that is converted to UTC with this offset. A local time that occurs twice belongs to the earlier period.';
comment on column staging.utc_offsets.local_ends_at is 'End of these local times, not included.';
comment on column staging.utc_offsets.utc_offset_seconds is 'Local time is UTC plus this many seconds.';
