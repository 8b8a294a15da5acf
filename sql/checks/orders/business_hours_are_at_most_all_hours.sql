-- Business hours are negative, missing, or more than response_hours: fct_responses is wrong, please report it.
select portout_id, spell_number, response_hours, response_business_hours
from marts.fct_responses
where response_business_hours < 0
    or response_business_hours > greatest(response_hours, 0) + 0.000001
    or (response_business_hours is null) <> (response_hours is null);
