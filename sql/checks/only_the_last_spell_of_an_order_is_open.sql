-- A pending spell is open although a later status ended it, so fct_status_changes is wrong: please report it.
with spells as (
    select order_number, spell_number, response
    from staging.int_responses
),

open_spells as (
    select order_number, spell_number
    from spells
    where response = 'open'
),

misplaced as (
    select open_spells.order_number, open_spells.spell_number
    from open_spells
    inner join staging.int_orders as orders on orders.order_number = open_spells.order_number
    where coalesce(orders.status, 'unknown') <> 'pending'
    union
    select open_spells.order_number, open_spells.spell_number
    from open_spells
    inner join spells as later
        on later.order_number = open_spells.order_number
        and later.spell_number > open_spells.spell_number
)

select orders.portout_id, misplaced.spell_number
from misplaced
inner join staging.int_orders as orders on orders.order_number = misplaced.order_number
