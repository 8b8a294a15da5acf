/*
One row per number of a ported order whose time is known, with the number of the inventory that it was: the one that
came into service last before the port-out. No rows without the setting inventory.

kind: view
key: portout_id, position

phone_number_id: Telnyx's id of the number in the inventory; null if no sync has seen it there.
inventory_country_code: Its country in the inventory.
*/
with ported as (
    select
        numbers.portout_id,
        numbers.account,
        numbers.position,
        numbers.phone_number,
        numbers.country_code,
        orders.ported_at,
        orders.ported_on,
    from staging.stg_phone_numbers as numbers
    inner join intermediate.int_orders as orders on orders.portout_id = numbers.portout_id
    where orders.ported_at is not null
        and exists (select lists.read_at from staging.stg_number_lists as lists where lists.account = numbers.account)
),

ranked as (
    select
        ported.portout_id,
        ported.position,
        numbers.phone_number_id,
        numbers.number_type,
        numbers.country_code,
        numbers.customer_reference,
        numbers.connection_id,
        row_number() over (
            partition by ported.portout_id, ported.position
            order by numbers.in_service_from desc, numbers.phone_number_id desc
        ) as place,
    from ported
    inner join intermediate.int_numbers as numbers
        on numbers.account = ported.account
        and numbers.phone_number = ported.phone_number
        and numbers.in_service_from <= ported.ported_at
)

select
    ported.portout_id,
    ported.account,
    ported.position,
    ported.phone_number,
    ported.country_code,
    ported.ported_at,
    ported.ported_on,
    ranked.phone_number_id,
    ranked.number_type,
    ranked.country_code as inventory_country_code,
    ranked.customer_reference,
    ranked.connection_id,
from ported
left join ranked on ranked.portout_id = ported.portout_id and ranked.position = ported.position and ranked.place = 1
