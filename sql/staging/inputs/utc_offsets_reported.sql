/*
One row per period with a constant UTC offset of the reporting time zone: its rows of utc_offsets.

kind: view
key: starts_at

starts_at: First instant of the period.
ends_at: End of the period, not included.
local_starts_at: First local time that is converted to UTC with this offset.
*/
select
    offsets.starts_at,
    offsets.ends_at,
    offsets.local_starts_at,
    offsets.local_ends_at,
    offsets.utc_offset_seconds,
from staging.utc_offsets as offsets
inner join staging.model_settings as settings on settings.time_zone = offsets.time_zone
