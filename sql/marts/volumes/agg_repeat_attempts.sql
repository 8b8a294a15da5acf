/*
One row per phone number that is in two or more orders.

kind: aggregate
key: phone_number

phone_number: Number in E.164; hashed if the setting pii asks for it.
attempts: Orders that contain the number.
times_ported: Of these, now ported.
carriers: Gaining carriers of these orders.
first_received_at: When the first of these orders was received.
last_received_at: When the last of these orders was received.
last_portout_id: Id of the last of these orders.
last_status: Current status of the last order.
*/
with numbers as (
    select phone_number, portout_id
    from staging.stg_phone_numbers
    where phone_number is not null
),

-- Perhaps twice in one order: that is counted below.
listed_twice as (
    select phone_number
    from numbers
    group by phone_number
    having count(*) > 1
),

attempts as (
    select numbers.phone_number, numbers.portout_id
    from numbers
    inner join listed_twice on listed_twice.phone_number = numbers.phone_number
    group by numbers.phone_number, numbers.portout_id
),

ranked as (
    select
        attempts.phone_number,
        orders.portout_id,
        orders.status,
        orders.carrier_id,
        orders.inserted_at,
        row_number() over (
            partition by attempts.phone_number
            order by orders.inserted_at desc nulls last, orders.portout_id desc
        ) as position,
    from attempts
    inner join marts.fct_portouts as orders on orders.portout_id = attempts.portout_id
)

select
    phone_number,
    count(*) as attempts,
    count(case when status = 'ported' then 1 end) as times_ported,
    count(distinct carrier_id) as carriers,
    min(inserted_at) as first_received_at,
    max(inserted_at) as last_received_at,
    max(case when position = 1 then portout_id end) as last_portout_id,
    max(case when position = 1 then status end) as last_status,
from ranked
group by phone_number
having count(*) > 1
