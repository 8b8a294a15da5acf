-- A number is asked for again within 7 days.
-- key: _portout_id
-- Finds orders of the 7 days before as_of. Each is shown with the last earlier order that holds one of its numbers and
-- is at most 7 days older.
with last_sync as (
    select max(as_of) as as_of
    from marts.rpt_sync
),

numbers as (
    select
        numbers.phone_number,
        orders.portout_id,
        orders.account,
        orders.support_key,
        orders.carrier_name,
        orders.inserted_at,
    from marts.fct_portouts as orders
    inner join marts.fct_portout_numbers as numbers on numbers.portout_id = orders.portout_id
    cross join last_sync
    where numbers.phone_number is not null and orders.inserted_at > last_sync.as_of - interval 14 day
),

again as (
    select
        later.portout_id,
        later.account,
        later.support_key,
        later.carrier_name,
        later.inserted_at,
        later.phone_number,
        earlier.support_key as earlier_key,
        earlier.carrier_name as earlier_carrier,
        earlier.inserted_at as earlier_at,
    from numbers as later
    inner join numbers as earlier
        on earlier.phone_number = later.phone_number
        and (earlier.inserted_at, earlier.portout_id) < (later.inserted_at, later.portout_id)
        and earlier.inserted_at >= later.inserted_at - interval 7 day
    cross join last_sync
    where later.inserted_at > last_sync.as_of - interval 7 day
)

select
    account,
    support_key as "order",
    carrier_name as carrier,
    count(distinct phone_number) as numbers_asked_for_again,
    arg_max(earlier_key, earlier_at) as earlier_order,
    arg_max(earlier_carrier, earlier_at) as earlier_carrier,
    round(date_diff('microsecond', max(earlier_at), inserted_at) / 3.6e9, 1) as hours_between,
    portout_id as _portout_id,
from again
group by portout_id, account, support_key, carrier_name, inserted_at
order by inserted_at, portout_id
