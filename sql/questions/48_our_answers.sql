-- Which answers were sent with portouts, by whom, and with which outcome?
-- mart: rpt_answers
select sent_at, user_name, coalesce(support_key, portout_id) as portout, answer, rejection_code, outcome, status
from marts.rpt_answers
order by sent_at desc
limit 20
