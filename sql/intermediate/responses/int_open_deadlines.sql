/*
One row per order that waits for our answer: its deadline, and the hours until then.

kind: aggregate
key: portout_id

deadline_at: Deadline of its open spell, see rpt_open_orders.
hours_left: Hours from as_of to deadline_at; negative if overdue, null without a deadline.
business_hours_left: The same in business hours, see rpt_open_orders.
*/
with countries as (
    select country_code
    from intermediate.int_business_days
    group by country_code
),

waiting as (
    select
        orders.portout_id,
        spells.deadline_at,
        spells.time_zone,
        coalesce(countries.country_code, '') as calendar,
        instant.as_of,
    from intermediate.int_pending_orders as orders
    cross join staging.model_instant as instant
    cross join staging.model_settings as settings
    left join intermediate.int_open_spells as spells on spells.portout_id = orders.portout_id
    left join countries on countries.country_code = coalesce(orders.country_code, settings.business_country_code)
),

-- Local times, in the time zone of the order.
local as (
    select
        waiting.*,
        (waiting.as_of at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as as_of_local,
        (waiting.deadline_at at time zone 'UTC') + deadline_offsets.utc_offset_seconds * interval '1 second'
            as deadline_local,
    from waiting
    left join staging.utc_offsets as offsets
        on offsets.time_zone = waiting.time_zone
        and waiting.as_of >= offsets.starts_at
        and waiting.as_of < offsets.ends_at
    left join staging.utc_offsets as deadline_offsets
        on deadline_offsets.time_zone = waiting.time_zone
        and waiting.deadline_at >= deadline_offsets.starts_at
        and waiting.deadline_at < deadline_offsets.ends_at
),

timed as (
    select
        local.*,
        date_diff('microsecond', date_trunc('day', as_of_local), as_of_local) / 3.6e9 as as_of_hour,
        date_diff('microsecond', date_trunc('day', deadline_local), deadline_local) / 3.6e9 as deadline_hour,
    from local
)

-- A business day has nine hours, from 8:00 to 17:00.
select
    timed.portout_id,
    timed.deadline_at,
    date_diff('microsecond', timed.as_of at time zone 'UTC', timed.deadline_at at time zone 'UTC') / 3.6e9 as hours_left,
    9 * (deadline_days.business_days_before - as_of_days.business_days_before)
        + case when deadline_days.is_business_day then least(greatest(timed.deadline_hour - 8, 0), 9) else 0 end
        - case when as_of_days.is_business_day then least(greatest(timed.as_of_hour - 8, 0), 9) else 0 end
        as business_hours_left,
from timed
left join intermediate.int_business_days as as_of_days
    on as_of_days.country_code = timed.calendar and as_of_days.day = cast(timed.as_of_local as date)
left join intermediate.int_business_days as deadline_days
    on deadline_days.country_code = timed.calendar and deadline_days.day = cast(timed.deadline_local as date)
