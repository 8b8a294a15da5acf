-- At which hours do requests arrive on business days and on weekends, and when do we answer?
-- mart: fct_portouts
-- Hours and weekdays are those of the reporting time zone. An answer by silence is none of ours.
select
    hour,
    sum(case when weekday <= 5 then received else 0 end) as received_monday_to_friday,
    sum(case when weekday > 5 then received else 0 end) as received_on_weekends,
    sum(case when weekday <= 5 then answered else 0 end) as answered_monday_to_friday,
    sum(case when weekday > 5 then answered else 0 end) as answered_on_weekends,
from (
    select received_hour as hour, received_weekday as weekday, 1 as received, 0 as answered
    from marts.fct_portouts
    union all
    select responded_hour, responded_weekday, 0, 1
    from marts.fct_portouts
    where response in ('authorized', 'rejected')
) as moments
where hour is not null
group by hour
order by hour
