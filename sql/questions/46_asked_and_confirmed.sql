-- How often does the confirmed day differ from the requested day?
-- mart: fct_portouts
select
    case
        when foc_on < requested_foc_on then 'earlier'
        when foc_on = requested_foc_on then 'the day asked for'
        when foc_on > requested_foc_on then 'later'
        else 'no day asked for, or none confirmed'
    end as confirmed,
    count(*) as orders,
    round(avg(date_diff('day', requested_foc_on, foc_on)), 1) as mean_days,
from marts.fct_portouts
group by 1
order by orders desc, confirmed
