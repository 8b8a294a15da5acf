-- What share of requests do we answer within 24 hours, by the weekday on which they arrive?
-- mart: fct_portouts
-- Weekdays are those of the reporting time zone, 1 for Monday to 7 for Sunday. Answers of known time only.
select
    received_weekday,
    count(*) as answers,
    count(case when response_hours <= 24 then 1 end) as within_24h,
    round(100.0 * count(case when response_hours <= 24 then 1 end) / count(*), 1) as within_24h_percent,
    count(case when response = 'authorized_automatically' then 1 end) as by_silence,
from marts.fct_portouts
where response in ('authorized', 'authorized_automatically', 'rejected') and response_hours is not null
group by received_weekday
order by received_weekday
