-- A pending spell is open although a later status ended it, so fct_status_changes is wrong: please report it.
with open_spells as (
    select portout_id, spell_number
    from marts.fct_responses
    where response = 'open'
)

select open_spells.portout_id, open_spells.spell_number
from open_spells
inner join marts.fct_portouts as orders on orders.portout_id = open_spells.portout_id
where coalesce(orders.status, 'unknown') <> 'pending'
union
select open_spells.portout_id, open_spells.spell_number
from open_spells
inner join marts.fct_responses as later
    on later.portout_id = open_spells.portout_id
    and later.spell_number > open_spells.spell_number
