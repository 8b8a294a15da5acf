-- A pending spell begins before the previous one ends, so fct_status_changes is wrong: please report it.
select later.portout_id, later.spell_number
from marts.fct_responses as later
inner join marts.fct_responses as earlier
    on earlier.portout_id = later.portout_id
    and earlier.spell_number = later.spell_number - 1
where later.spell_number > 1 and later.pending_at < earlier.responded_at
