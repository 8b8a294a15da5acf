-- How often does a number leave after more than one request?
-- mart: agg_repeat_attempts
select
    attempts,
    count(*) as phone_numbers,
    count(case when times_ported > 0 then 1 end) as left_us,
    count(case when times_ported > 1 then 1 end) as left_us_more_than_once,
    count(case when carriers > 1 then 1 end) as asked_for_by_several_carriers,
from marts.agg_repeat_attempts
group by attempts
order by attempts
