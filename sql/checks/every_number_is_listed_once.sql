-- The loader doubled a list of numbers: rebuild raw with `portouts sync --full`.
select portout_id, position
from marts.fct_portout_numbers
group by portout_id, position
having count(*) > 1
