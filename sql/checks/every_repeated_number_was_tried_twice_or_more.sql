-- marts.agg_repeat_attempts lists a number that only one order holds, or lists one twice.
select phone_number, max(attempts) as attempts, count(*) as rows
from marts.agg_repeat_attempts
group by phone_number
having count(*) > 1 or max(attempts) < 2 or max(times_ported) > max(attempts) or max(carriers) > max(attempts);
