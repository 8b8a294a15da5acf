-- fct_responses lacks a pending spell or has it twice: please report it.
with doubled as (
    select order_number, spell_number
    from staging.int_responses
    group by order_number, spell_number
    having count(*) > 1
),

counted as (
    select
        (select count(*) from staging.int_responses) as spells,
        (select count(*) from marts.fct_responses) as shown,
)

select orders.portout_id, doubled.spell_number
from doubled
inner join staging.int_orders as orders on orders.order_number = doubled.order_number
union all
select 'all orders', shown - spells
from counted
where shown <> spells
