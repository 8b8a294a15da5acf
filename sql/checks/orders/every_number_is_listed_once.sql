-- An order has two numbers at one position of its list: rebuild raw with `portouts sync --full`.
select portout_id, position
from marts.fct_portout_numbers
group by portout_id, position
having count(*) > 1
