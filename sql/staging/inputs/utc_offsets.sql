/*
One row per time zone and period with a constant UTC offset. The rules are those of the package tzdata;
models never use the engine's rules, which may differ. The table has the zones of the settings and of the loaded numbers.

kind: input
key: time_zone, starts_at

time_zone: IANA time zone.
starts_at: First instant of the period; year 1 for the first period.
ends_at: End of the period, not included; year 9999 for the last period.
local_starts_at: First local time that is converted to UTC with this offset. A local time that occurs twice belongs to
    the earlier period.
local_ends_at: End of these local times, not included.
utc_offset_seconds: Local time is UTC plus this many seconds.
*/
select
    cast(null as varchar) as time_zone,
    cast(null as timestamptz) as starts_at,
    cast(null as timestamptz) as ends_at,
    cast(null as timestamp) as local_starts_at,
    cast(null as timestamp) as local_ends_at,
    cast(null as integer) as utc_offset_seconds,
where false
