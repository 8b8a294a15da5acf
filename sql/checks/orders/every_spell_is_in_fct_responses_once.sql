-- fct_responses lacks a pending spell or has it twice: please report it.
with counted as (
    select portout_id, change_number as spell, 1 as pending, null as shown
    from marts.fct_status_changes
    where status = 'pending'
    union all
    select responses.portout_id, changes.change_number, null, 1
    from marts.fct_responses as responses
    left join marts.fct_status_changes as changes
        on changes.portout_id = responses.portout_id
        and changes.status = 'pending'
        and changes.began_at is not distinct from responses.pending_at
)

select portout_id, spell
from counted
group by portout_id, spell
having count(pending) <> 1 or count(shown) <> 1
