/*
One row per order: when its current status began, when it was ported, and how its first spell ended.

kind: per order temporary
key: portout_id
*/
-- Without the columns of stg_portouts, because one join of everything needs too much memory.
with orders as (
    select
        orders.portout_id,
        coalesce(orders.status = 'ported', false) as is_ported,
        changes.began_at as status_began_at,
        coalesce(orders.status = 'ported' and changes.measured_by = 'event', false) as is_ported_by_event,
    from staging.stg_portouts as orders
    left join marts.fct_status_changes as changes
        on changes.portout_id = orders.portout_id and changes.next_status is null
),

-- Needed only for ported orders without an event.
ranked_ranges as (
    select
        orders.portout_id,
        ranges.ported_to,
        row_number() over (
            partition by orders.portout_id
            order by
                date_diff('microsecond', ranges.ported_from at time zone 'UTC', ranges.ported_to at time zone 'UTC'),
                ranges.ported_to
        ) as position,
    from staging.stg_ported_ranges as ranges
    inner join orders on orders.portout_id = ranges.portout_id
    where orders.is_ported and not orders.is_ported_by_event
),

narrowest_ranges as (
    select portout_id, ported_to
    from ranked_ranges
    where position = 1
),

first_responses as (
    select portout_id, response, responded_at, response_hours
    from marts.fct_responses
    where spell_number = 1
)

select
    orders.portout_id,
    orders.status_began_at,
    case when orders.is_ported_by_event then orders.status_began_at else narrowest_ranges.ported_to end as ported_at,
    case
        when orders.is_ported_by_event then 'event'
        when narrowest_ranges.ported_to is not null then 'range'
        when orders.is_ported then 'unknown'
    end as ported_at_source,
    places.country_code,
    places.time_zone,
    coalesce(places.number_count, 0) as number_count,
    first_responses.response,
    first_responses.responded_at,
    first_responses.response_hours,
from orders
left join narrowest_ranges on narrowest_ranges.portout_id = orders.portout_id
left join intermediate.int_order_places as places on places.portout_id = orders.portout_id
left join first_responses on first_responses.portout_id = orders.portout_id
