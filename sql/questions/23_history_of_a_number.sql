-- What happened to a number: which orders asked for it, and which statuses did they take?
-- mart: fct_status_changes, fct_portout_numbers, fct_portouts, agg_repeat_attempts
-- Put the number you look for, such as '+13125550101', in the place of the subselect.
select
    numbers.phone_number,
    orders.support_key,
    orders.carrier_name,
    changes.status,
    changes.began_at,
    changes.measured_by,
from marts.fct_portout_numbers as numbers
inner join marts.fct_portouts as orders on orders.portout_id = numbers.portout_id
inner join marts.fct_status_changes as changes on changes.portout_id = numbers.portout_id
where numbers.phone_number = (select max(phone_number) from marts.agg_repeat_attempts)
order by orders.inserted_at, orders.portout_id, changes.change_number
