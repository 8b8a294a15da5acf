/*
One row per account and customer of its inventory whose numbers orders of the last 72 hours before as_of ask for,
without rejected and canceled orders. No rows without the setting inventory, and none for numbers that the setting pii
drops.

kind: aggregate
key: account, customer_reference

customer_reference: Our reference of the customer; hashed if the setting pii asks for it. Null for numbers without one,
    and for numbers that were never seen in the inventory.
orders: Orders of the last 72 hours with numbers of the customer.
carriers: Gaining carriers of these orders.
numbers_asked: Numbers of the customer in these orders, each counted once.
numbers_held: Numbers of the customer that are in service, and those asked for.
share_of_numbers: numbers_asked by numbers_held, 0 to 1.
customer_value: Value of the customer in the user's list (setting customer_values); null without one.
first_received_at: When the first of these orders came.
last_received_at: When the last of these orders came.
orders_pending: Of these orders, those that wait for our answer.
first_deadline_at: Deadline of the first of these to be authorised by silence, see rpt_open_orders; null if none waits.
hours_left: Hours from as_of to first_deadline_at; negative if overdue.
*/
with recent as (
    select
        orders.portout_id,
        orders.account,
        orders.carrier_id,
        orders.inserted_at,
        orders.status = 'pending' as is_pending,
        deadlines.deadline_at,
        deadlines.hours_left,
    from marts.fct_portouts as orders
    cross join staging.model_instant as instant
    left join intermediate.int_open_deadlines as deadlines on deadlines.portout_id = orders.portout_id
    where date_diff('microsecond', orders.inserted_at at time zone 'UTC', instant.as_of at time zone 'UTC') / 3.6e9 <= 72
        and coalesce(orders.status, '') not in ('rejected', 'canceled')
        and exists (select lists.read_at from staging.stg_number_lists as lists where lists.account = orders.account)
),

-- Of several numbers of the inventory with these digits, the one that came into service last before the order.
ranked as (
    select
        recent.*,
        order_numbers.phone_number,
        numbers.customer_reference,
        row_number() over (
            partition by recent.portout_id, order_numbers.phone_number
            order by numbers.in_service_from desc nulls last, numbers.phone_number_id desc
        ) as place,
    from recent
    inner join marts.fct_portout_numbers as order_numbers on order_numbers.portout_id = recent.portout_id
    left join intermediate.int_numbers as numbers
        on numbers.account = recent.account
        and numbers.phone_number = order_numbers.phone_number
        and numbers.in_service_from <= recent.inserted_at
    where order_numbers.phone_number is not null
),

asked as (
    select *
    from ranked
    where place = 1
),

leaving as (
    select
        account,
        customer_reference,
        count(distinct portout_id) as orders,
        count(distinct carrier_id) as carriers,
        count(distinct phone_number) as numbers_asked,
        min(inserted_at) as first_received_at,
        max(inserted_at) as last_received_at,
        count(distinct case when is_pending then portout_id end) as orders_pending,
        min(deadline_at) as first_deadline_at,
        min(hours_left) as hours_left,
    from asked
    group by account, customer_reference
),

-- Each number once, hence the union.
held as (
    select account, customer_reference, phone_number
    from intermediate.int_numbers
    where is_held and phone_number is not null
    union
    select account, customer_reference, phone_number
    from asked
),

holdings as (
    select account, customer_reference, count(*) as numbers_held
    from held
    group by account, customer_reference
)

select
    leaving.account,
    leaving.customer_reference,
    leaving.orders,
    leaving.carriers,
    leaving.numbers_asked,
    holdings.numbers_held,
    leaving.numbers_asked / cast(holdings.numbers_held as double) as share_of_numbers,
    customers.customer_value,
    leaving.first_received_at,
    leaving.last_received_at,
    leaving.orders_pending,
    leaving.first_deadline_at,
    leaving.hours_left,
from leaving
inner join holdings
    on holdings.account = leaving.account
    and coalesce(holdings.customer_reference, '') = coalesce(leaving.customer_reference, '')
left join staging.customer_values as customers on customers.customer_reference = leaving.customer_reference
order by leaving.numbers_asked desc, leaving.account, leaving.customer_reference
