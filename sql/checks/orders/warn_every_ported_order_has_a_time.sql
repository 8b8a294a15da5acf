-- Ported orders of unknown time are in no day and no month; a later sync may still find the time.
select portout_id, ported_at_source
from marts.fct_portouts
where status = 'ported' and ported_at is null
