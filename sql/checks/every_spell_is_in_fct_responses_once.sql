-- A fault in fct_responses: please report it.
select portout_id, spell_number
from marts.fct_responses
group by portout_id, spell_number
having count(*) > 1
