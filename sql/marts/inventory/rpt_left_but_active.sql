/*
One row per number on which the orders and the inventory disagree: what was ported and still is in service and costs, and
what the inventory shows as ported-out without an order. No rows without the setting inventory, and none for numbers
that the setting pii drops.

kind: aggregate
key: phone_number_id

problem: still active (ported more than 48 hours before the last proven list, which still shows it in service), or left
    without an order (ported-out in the inventory, and no order of the number that was not rejected or canceled came in
    between in_service_from and left_at).
portout_id: Order with which the number was ported last; null if it left without an order.
hours_since_ported: Hours from ported_at to list_read_at.
list_read_at: When the last proven list of numbers was read.
*/
with lists as (
    select account, max(read_at) as list_read_at
    from staging.stg_number_lists
    where is_proven
    group by account
),

ported as (
    select
        ported.phone_number_id,
        ported.portout_id,
        ported.ported_at,
        lists.list_read_at,
        date_diff('microsecond', ported.ported_at at time zone 'UTC', lists.list_read_at at time zone 'UTC') / 3.6e9
            as hours_since_ported,
        row_number() over (
            partition by ported.phone_number_id order by ported.ported_at desc, ported.portout_id desc, ported.position
        ) as place,
    from intermediate.int_ported_numbers as ported
    inner join lists on lists.account = ported.account
    where ported.phone_number_id is not null
),

first_orders as (
    select account, min(inserted_at) as first_inserted_at
    from marts.fct_portouts
    group by account
),

unexplained as (
    select numbers.phone_number_id, numbers.account
    from intermediate.int_numbers as numbers
    inner join first_orders on first_orders.account = numbers.account
    where numbers.number_status = 'ported-out'
        and numbers.phone_number is not null
        and numbers.left_at >= first_orders.first_inserted_at
        and not exists (
            select order_numbers.portout_id
            from marts.fct_portout_numbers as order_numbers
            inner join marts.fct_portouts as orders on orders.portout_id = order_numbers.portout_id
            where order_numbers.phone_number = numbers.phone_number
                and coalesce(orders.status, '') not in ('rejected', 'canceled')
                and orders.inserted_at >= numbers.in_service_from
                and orders.inserted_at <= numbers.left_at
        )
),

problems as (
    select
        phone_number_id,
        'still active' as problem,
        portout_id,
        ported_at,
        hours_since_ported,
        list_read_at,
    from ported
    where place = 1 and hours_since_ported > 48
    union all
    select
        unexplained.phone_number_id,
        'left without an order',
        cast(null as varchar),
        cast(null as timestamptz),
        cast(null as double),
        lists.list_read_at,
    from unexplained
    left join lists on lists.account = unexplained.account
)

select
    numbers.phone_number_id,
    numbers.account,
    numbers.phone_number,
    problems.problem,
    numbers.number_status,
    numbers.number_type,
    numbers.country_code,
    numbers.customer_reference,
    numbers.connection_id,
    numbers.billing_group_id,
    problems.portout_id,
    orders.carrier_id,
    orders.carrier_name,
    problems.ported_at,
    problems.hours_since_ported,
    numbers.in_service_from,
    numbers.left_at,
    problems.list_read_at,
from problems
inner join intermediate.int_numbers as numbers on numbers.phone_number_id = problems.phone_number_id
left join marts.fct_portouts as orders on orders.portout_id = problems.portout_id
where numbers.is_held or problems.problem = 'left without an order'
