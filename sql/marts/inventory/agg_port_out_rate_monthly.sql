/*
One row per month, breakdown and value of it: how many of the numbers in service were ported. From the month of the first
order to that of the last proven list of numbers, without rows that count nothing. No rows without the setting inventory.

kind: aggregate
key: month, breakdown, value

month: First day of the month, in the reporting time zone.
is_complete: Whether the month had ended when the last proven list was read.
breakdown: What the numbers are grouped by: all, country, type, customer_reference or connection. Each counts all.
value: The country, type, reference or connection as the inventory showed it last; all for the breakdown all; unknown
    where it is not known. The country of a number that was never seen in the inventory is that of its digits.
numbers_in_service: Numbers that came into service before the month and had not left before it.
numbers_ported: Numbers in orders ported in the month, also those never seen in the inventory.
port_out_rate: numbers_ported by numbers_in_service; null if none was in service.
is_lower_bound: Whether the month began before the first proven list, so that numbers_in_service lacks what had left by
    then.
*/
with lists_of_accounts as (
    select account, min(read_at) as first_read_at, max(read_at) as last_read_at
    from staging.stg_number_lists
    where is_proven
    group by account
),

-- The time in which the inventories of all accounts are known.
lists as (
    select max(first_read_at) as first_read_at, min(last_read_at) as last_read_at
    from lists_of_accounts
    having count(*) > 0
),

list_months as (
    select
        cast(
            date_trunc(
                'month', (lists.first_read_at at time zone 'UTC') + firsts.utc_offset_seconds * interval '1 second'
            ) as date
        ) as first_list_month,
        cast(
            date_trunc('month', (lists.last_read_at at time zone 'UTC') + lasts.utc_offset_seconds * interval '1 second')
            as date
        ) as last_list_month,
    from lists
    inner join staging.utc_offsets_reported as firsts
        on lists.first_read_at >= firsts.starts_at and lists.first_read_at < firsts.ends_at
    inner join staging.utc_offsets_reported as lasts
        on lists.last_read_at >= lasts.starts_at and lists.last_read_at < lasts.ends_at
),

months as (
    select
        days.month,
        min(days.month) over () as first_month,
        days.month < list_months.last_list_month as is_complete,
        days.month <= list_months.first_list_month as is_lower_bound,
    from staging.calendar_days as days
    cross join list_months
    cross join intermediate.int_order_days as bounds
    where days.day = days.month
        and days.month <= list_months.last_list_month
        and days.month >= coalesce(
            cast(
                date_trunc(
                    'month', least(bounds.first_received_on, coalesce(bounds.first_ported_on, bounds.first_received_on))
                ) as date
            ), list_months.last_list_month
        )
),

breakdowns as (
    select 'all' as breakdown
    union all
    select 'country'
    union all
    select 'type'
    union all
    select 'customer_reference'
    union all
    select 'connection'
),

changes as (
    select phone_number_id, in_service_from as changed_at, 1 as change
    from intermediate.int_numbers
    where in_service_from is not null
    union all
    select phone_number_id, left_at, -1
    from intermediate.int_numbers
    where in_service_from is not null and left_at is not null
),

changes_by_value as (
    select
        breakdowns.breakdown,
        coalesce(
            case breakdowns.breakdown
                when 'all' then 'all'
                when 'country' then numbers.country_code
                when 'type' then numbers.number_type
                when 'customer_reference' then numbers.customer_reference
                else numbers.connection_id
            end, 'unknown'
        ) as value,
        cast(
            date_trunc('month', (changes.changed_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second')
            as date
        ) as month,
        sum(changes.change) as change,
    from changes
    inner join intermediate.int_numbers as numbers on numbers.phone_number_id = changes.phone_number_id
    inner join staging.utc_offsets_reported as offsets
        on changes.changed_at >= offsets.starts_at and changes.changed_at < offsets.ends_at
    cross join breakdowns
    group by breakdowns.breakdown, value, month
),

ported_by_value as (
    select
        breakdowns.breakdown,
        coalesce(
            case breakdowns.breakdown
                when 'all' then 'all'
                when 'country' then coalesce(ported.inventory_country_code, ported.country_code)
                when 'type' then ported.number_type
                when 'customer_reference' then ported.customer_reference
                else ported.connection_id
            end, 'unknown'
        ) as value,
        cast(date_trunc('month', ported.ported_on) as date) as month,
        count(*) as numbers_ported,
    from intermediate.int_ported_numbers as ported
    cross join breakdowns
    group by breakdowns.breakdown, value, month
),

known_values as (
    select breakdown, value
    from changes_by_value
    union
    select breakdown, value
    from ported_by_value
),

opening as (
    select changed.breakdown, changed.value, sum(changed.change) as numbers
    from changes_by_value as changed
    inner join (select distinct first_month from months) as firsts on changed.month < firsts.first_month
    group by changed.breakdown, changed.value
),

counted as (
    select
        months.month,
        months.is_complete,
        months.is_lower_bound,
        known_values.breakdown,
        known_values.value,
        coalesce(opening.numbers, 0)
        + coalesce(
            sum(changed.change) over (
                partition by known_values.breakdown, known_values.value
                order by months.month
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as numbers_in_service,
        coalesce(ported.numbers_ported, 0) as numbers_ported,
    from months
    cross join known_values
    left join opening on opening.breakdown = known_values.breakdown and opening.value = known_values.value
    left join changes_by_value as changed
        on changed.breakdown = known_values.breakdown
        and changed.value = known_values.value
        and changed.month = months.month
    left join ported_by_value as ported
        on ported.breakdown = known_values.breakdown
        and ported.value = known_values.value
        and ported.month = months.month
)

select
    month,
    is_complete,
    breakdown,
    value,
    cast(numbers_in_service as bigint) as numbers_in_service,
    numbers_ported,
    numbers_ported / nullif(cast(numbers_in_service as double), 0) as port_out_rate,
    is_lower_bound,
from counted
where numbers_in_service > 0 or numbers_ported > 0
