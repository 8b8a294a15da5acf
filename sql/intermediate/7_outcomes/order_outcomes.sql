create or replace temp table order_outcomes as
-- The outcome of each order without the columns of stg_portouts, because one join of everything needs too much memory.
with orders as (
    select
        order_numbers.order_number,
        order_numbers.portout_id,
        statuses.status = 'ported' as is_ported,
        current_changes.began_at as status_began_at,
        statuses.status = 'ported' and coalesce(current_changes.evidence_code = 0, false) as is_ported_by_event,
    from order_numbers
    inner join staging.int_statuses as statuses on statuses.status_code = order_numbers.status_code
    left join staging.int_status_changes as current_changes
        on current_changes.order_number = order_numbers.order_number and current_changes.next_code is null
),

-- Needed only for ported orders without an event.
ranked_ranges as (
    select
        orders.order_number,
        ranges.ported_to,
        row_number() over (
            partition by orders.order_number
            order by date_diff('microsecond', ranges.ported_from, ranges.ported_to), ranges.ported_to
        ) as position,
    from staging.stg_ported_ranges as ranges
    inner join orders on orders.portout_id = ranges.portout_id
    where orders.is_ported and not orders.is_ported_by_event
),

narrowest_ranges as (
    select order_number, ported_to
    from ranked_ranges
    where position = 1
),

first_responses as (
    select order_number, response, responded_at, response_hours
    from staging.int_responses
    where spell_number = 1
)

select
    orders.order_number,
    orders.portout_id,
    orders.status_began_at,
    case when orders.is_ported_by_event then orders.status_began_at else narrowest_ranges.ported_to end as ported_at,
    case
        when orders.is_ported_by_event then 'event'
        when narrowest_ranges.ported_to is not null then 'range'
        when orders.is_ported then 'unknown'
    end as ported_at_source,
    order_places.country_code,
    order_places.time_zone,
    coalesce(order_places.number_count, 0) as number_count,
    first_responses.response,
    first_responses.responded_at,
    first_responses.response_hours,
from orders
left join narrowest_ranges on narrowest_ranges.order_number = orders.order_number
left join order_places on order_places.order_number = orders.order_number
left join first_responses on first_responses.order_number = orders.order_number;
