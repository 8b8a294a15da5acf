-- A fault in fct_status_changes: please report it.
select open_spells.portout_id, open_spells.spell_number
from marts.fct_responses as open_spells
inner join marts.fct_portouts as orders on orders.portout_id = open_spells.portout_id
where open_spells.response = 'open' and coalesce(orders.status, 'unknown') <> 'pending'
