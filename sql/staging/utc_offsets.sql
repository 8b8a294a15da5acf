create or replace table staging.utc_offsets (
    time_zone varchar not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    local_starts_at timestamp not null,
    local_ends_at timestamp not null,
    utc_offset_seconds integer not null,
);

comment on table staging.utc_offsets is 'One row per time zone and unbroken stretch of time in which its clocks keep one distance from UTC. Written by the runner after this file, by the rules of the package tzdata: no model asks the engine, whose rules may be others. The zones are those of the settings and of the numbers held.';
comment on column staging.utc_offsets.time_zone is 'IANA time zone.';
comment on column staging.utc_offsets.starts_at is 'First instant of the stretch; the year 1 for the first.';
comment on column staging.utc_offsets.ends_at is 'End of the stretch, not part of it; the year 9999 for the last.';
comment on column staging.utc_offsets.local_starts_at is 'Local time from which this offset leads back to UTC. Of local times that come twice, the first counts.';
comment on column staging.utc_offsets.local_ends_at is 'Local time up to which it does.';
comment on column staging.utc_offsets.utc_offset_seconds is 'Local time is UTC plus so many seconds.';
