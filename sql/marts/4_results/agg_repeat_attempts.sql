create or replace table marts.agg_repeat_attempts as
with repeated as (
    select phone_number
    from order_phone_numbers
    where phone_number is not null
    group by phone_number
    having min(order_number) < max(order_number)
),

attempts as (
    select numbers.phone_number, numbers.order_number
    from order_phone_numbers as numbers
    inner join repeated on repeated.phone_number = numbers.phone_number
    group by numbers.phone_number, numbers.order_number
),

ranked as (
    select
        attempts.phone_number,
        orders.portout_id,
        orders.status,
        orders.carrier_number,
        orders.inserted_at,
        row_number() over (
            partition by attempts.phone_number
            order by orders.inserted_at desc nulls last, orders.portout_id desc
        ) as position,
    from attempts
    inner join staging.int_orders as orders on orders.order_number = attempts.order_number
)

select
    phone_number,
    count(*) as attempts,
    count(case when status = 'ported' then 1 end) as times_ported,
    count(distinct carrier_number) as carriers,
    min(inserted_at) as first_received_at,
    max(inserted_at) as last_received_at,
    max(case when position = 1 then portout_id end) as last_portout_id,
    max(case when position = 1 then status end) as last_status,
from ranked
group by phone_number;

comment on table marts.agg_repeat_attempts is 'One row per phone number that is in two or more orders.';
comment on column marts.agg_repeat_attempts.phone_number is 'Number in E.164; hashed if the setting pii asks for it.';
comment on column marts.agg_repeat_attempts.attempts is 'Orders that contain the number.';
comment on column marts.agg_repeat_attempts.times_ported is 'Of these, now ported.';
comment on column marts.agg_repeat_attempts.carriers is 'Gaining carriers of these orders.';
comment on column marts.agg_repeat_attempts.first_received_at is 'When the first of these orders was received.';
comment on column marts.agg_repeat_attempts.last_received_at is 'When the last of these orders was received.';
comment on column marts.agg_repeat_attempts.last_portout_id is 'Id of the last of these orders.';
comment on column marts.agg_repeat_attempts.last_status is 'Current status of the last order.';
