-- The clocks of the API disagree: such response_hours are negative, and the marts keep them.
select portout_id, spell_number, response_hours
from marts.fct_responses
where response_hours < 0
