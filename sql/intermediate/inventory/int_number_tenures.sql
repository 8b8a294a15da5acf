/*
One row per number of the inventory that came into service by the last proven list of its account and left no sooner than
the first one: how long it stayed until its port-out, or is known to have stayed.

kind: view
key: phone_number_id

entered_days: Age at the first proven list; null for numbers that came into service after it. What had left before that
    list is unknown, so a number counts only from this age.
days: Age at which it was ported or left otherwise, or at the last proven list; an age is whole times 24 hours since
    in_service_from.
is_ported: Whether it was ported by the last proven list, by its order or else by the inventory.
*/
with lists as (
    select account, min(read_at) as first_read_at, max(read_at) as last_read_at
    from staging.stg_number_lists
    where is_proven
    group by account
),

ported as (
    select phone_number_id, min(ported_at) as ported_at
    from intermediate.int_ported_numbers
    where phone_number_id is not null
    group by phone_number_id
),

dated as (
    select
        numbers.phone_number_id,
        numbers.country_code,
        numbers.number_type,
        numbers.in_service_from,
        numbers.left_at,
        coalesce(ported.ported_at, case when numbers.left_how = 'ported-out' then numbers.left_at end) as ported_at,
        lists.first_read_at,
        lists.last_read_at,
    from intermediate.int_numbers as numbers
    inner join lists on lists.account = numbers.account and numbers.in_service_from <= lists.last_read_at
    left join ported on ported.phone_number_id = numbers.phone_number_id
),

ended as (
    select
        dated.*,
        least(coalesce(ported_at, left_at, last_read_at), last_read_at) as ended_at,
        coalesce(ported_at <= last_read_at, false) as is_ported,
    from dated
)

select
    phone_number_id,
    country_code,
    number_type,
    case
        when in_service_from < first_read_at
            then floor(
                date_diff('microsecond', in_service_from at time zone 'UTC', first_read_at at time zone 'UTC') / 8.64e10
            )
    end as entered_days,
    floor(date_diff('microsecond', in_service_from at time zone 'UTC', ended_at at time zone 'UTC') / 8.64e10) as days,
    is_ported,
from ended
where ended_at >= first_read_at
