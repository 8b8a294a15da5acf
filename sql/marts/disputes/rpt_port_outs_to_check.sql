/*
One row per order that was ported, or asked for and is still open, within the dispute window (setting
dispute_window_hours) before as_of, and that gives a reason to check whether the customer wanted it.

kind: aggregate
key: portout_id

in_window_at: The later of inserted_at and ported_at; it lies within the window.
check_until_at: When the window of the order ends: in_window_at and dispute_window_hours.
is_left_to_silence: Whether silence authorized the order, see the response authorized_automatically of fct_responses.
is_new_carrier: Whether the carrier's first order was received at most 7 days before this one. False for carriers whose
    first order came within 28 days of the first order of all: then every carrier is new.
is_part_of_burst: Whether the carrier asked for 5 orders or more in the 24 hours before and after this one, and for more
    than three times as many as usual: as in 48 hours of the 28 days before those.
is_repeated_attempt: Whether an earlier order asked for one of its numbers. Null if no number is known.
is_without_pin: Whether no event of the order shows an attempted PIN. Null if no event shows whether there was one.
is_already_ported: Whether Telnyx's flag already_ported is set although the order is not ported: the numbers left in
    another way. False for ported orders, whose flag says nothing more than their status.
is_never_answered: Whether the order left the status pending and no answer was ours, neither an authorization in time nor
    a rejection.
reason_count: How many of these reasons apply, 1 or more.
label: Label in the user's list, see fct_labels.
*/
with scope as (
    select
        orders.portout_id,
        orders.account,
        orders.support_key,
        orders.status,
        orders.carrier_id,
        orders.carrier_name,
        orders.end_user_name,
        orders.number_count,
        orders.inserted_at,
        orders.ported_at,
        orders.is_already_ported as has_flag,
        settings.dispute_window_hours,
        case when orders.ported_at > orders.inserted_at or orders.inserted_at is null
            then orders.ported_at
            else orders.inserted_at
        end as in_window_at,
        instant.as_of,
    from marts.fct_portouts as orders
    cross join staging.model_settings as settings
    cross join staging.model_instant as instant
    where orders.status = 'ported' or orders.is_open
),

candidates as (
    select *
    from scope
    where in_window_at + dispute_window_hours * interval '1 hour' > as_of
),

answers as (
    select
        candidates.portout_id,
        max(case when responses.response = 'authorized_automatically' then 1 else 0 end) = 1 as is_left_to_silence,
        max(case when responses.response in ('authorized', 'rejected') then 1 else 0 end) = 1 as is_answered,
    from candidates
    inner join marts.fct_responses as responses on responses.portout_id = candidates.portout_id
    group by candidates.portout_id
),

received_orders as (
    select portout_id, carrier_id, inserted_at
    from marts.fct_portouts
    where inserted_at is not null
),

first_orders as (
    select
        carrier_id,
        min(inserted_at) as first_asked_at,
        min(min(inserted_at)) over () as data_begins_at,
    from received_orders
    group by carrier_id
),

-- Seconds, since not every engine has frames of intervals. The frames below reach back 29 days.
receipts as (
    select
        portout_id,
        carrier_id,
        cast(
            floor(date_diff('microsecond', timestamp '2000-01-01 00:00:00', inserted_at at time zone 'UTC') / 1e6)
            as bigint
        ) as received_second,
    from received_orders
    where inserted_at + interval '720 hours' >= (select min(inserted_at) from candidates)
),

paces as (
    select
        portout_id,
        count(*) over (
            partition by carrier_id order by received_second range between 86400 preceding and 86400 following
        ) as near_orders,
        count(*) over (
            partition by carrier_id order by received_second range between 2505600 preceding and 86401 preceding
        ) as earlier_orders,
    from receipts
),

first_attempts as (
    select numbers.phone_number, min(orders.inserted_at) as first_at
    from staging.stg_phone_numbers as numbers
    inner join intermediate.int_orders as orders on orders.portout_id = numbers.portout_id
    where numbers.phone_number in (
        select asked.phone_number
        from staging.stg_phone_numbers as asked
        inner join candidates on candidates.portout_id = asked.portout_id
    )
    group by numbers.phone_number
),

attempts as (
    select
        candidates.portout_id,
        max(case when first_attempts.first_at < candidates.inserted_at then 1 else 0 end) = 1 as is_repeated_attempt,
    from candidates
    inner join staging.stg_phone_numbers as numbers on numbers.portout_id = candidates.portout_id
    inner join first_attempts on first_attempts.phone_number = numbers.phone_number
    group by candidates.portout_id
),

pins as (
    select portout_id, max(case when has_attempted_pin then 1 else 0 end) = 1 as has_attempted_pin
    from intermediate.int_orders
    where has_attempted_pin is not null
    group by portout_id
),

reasons as (
    select
        candidates.*,
        coalesce(answers.is_left_to_silence, false) as is_left_to_silence,
        coalesce(
            candidates.inserted_at <= first_orders.first_asked_at + interval '168 hours'
            and first_orders.first_asked_at > first_orders.data_begins_at + interval '672 hours',
            false
        ) as is_new_carrier,
        coalesce(
            paces.near_orders >= 5
            and 14 * paces.near_orders > 3 * paces.earlier_orders
            and candidates.inserted_at > first_orders.data_begins_at + interval '696 hours',
            false
        ) as is_part_of_burst,
        attempts.is_repeated_attempt,
        not pins.has_attempted_pin as is_without_pin,
        candidates.has_flag and coalesce(candidates.status, '') <> 'ported' as is_already_ported,
        coalesce(candidates.status, '') <> 'pending' and not coalesce(answers.is_answered, false) as is_never_answered,
    from candidates
    left join first_orders on first_orders.carrier_id = candidates.carrier_id
    left join answers on answers.portout_id = candidates.portout_id
    left join paces on paces.portout_id = candidates.portout_id
    left join attempts on attempts.portout_id = candidates.portout_id
    left join pins on pins.portout_id = candidates.portout_id
),

counted as (
    select
        reasons.*,
        cast(
            case when is_left_to_silence then 1 else 0 end
            + case when is_new_carrier then 1 else 0 end
            + case when is_part_of_burst then 1 else 0 end
            + case when is_repeated_attempt then 1 else 0 end
            + case when is_without_pin then 1 else 0 end
            + case when is_already_ported then 1 else 0 end
            + case when is_never_answered then 1 else 0 end
            as bigint
        ) as reason_count,
    from reasons
)

select
    counted.portout_id,
    counted.account,
    counted.support_key,
    counted.status,
    counted.carrier_id,
    counted.carrier_name,
    counted.end_user_name,
    counted.number_count,
    counted.inserted_at,
    counted.ported_at,
    counted.in_window_at,
    counted.in_window_at + counted.dispute_window_hours * interval '1 hour' as check_until_at,
    counted.is_left_to_silence,
    counted.is_new_carrier,
    counted.is_part_of_burst,
    counted.is_repeated_attempt,
    counted.is_without_pin,
    counted.is_already_ported,
    counted.is_never_answered,
    counted.reason_count,
    labels.label,
from counted
left join marts.fct_labels as labels on labels.portout_id = counted.portout_id
where counted.reason_count > 0
