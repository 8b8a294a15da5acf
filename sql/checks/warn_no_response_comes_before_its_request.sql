-- The API's clocks disagree; such hours are negative and are kept.
select portout_id, spell_number, response_hours
from marts.fct_responses
where response_hours < 0
