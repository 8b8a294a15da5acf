-- marts.agg_repeat_attempts has a number of only one order, or has a number twice: please report it.
select phone_number, max(attempts) as attempts, count(*) as rows
from marts.agg_repeat_attempts
group by phone_number
having count(*) > 1 or max(attempts) < 2 or max(times_ported) > max(attempts) or max(carriers) > max(attempts);
