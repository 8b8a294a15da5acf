/*
One row per order: when its current status began, when it was ported, how its first spell ended, and how a later one was
answered.

kind: per order temporary
key: portout_id

later_answer: If the first spell ended without an answer: how the first of the later spells with an answer ended.
later_answered_at: When that one ended.
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

first_spells as (
    select portout_id, response, responded_at, is_censored
    from marts.fct_responses
    where spell_number = 1
),

later_answers as (
    select
        portout_id,
        response,
        responded_at,
        row_number() over (partition by portout_id order by spell_number) as position,
    from marts.fct_responses
    where spell_number > 1 and not is_censored
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
    first_spells.response,
    first_spells.responded_at,
    case when first_spells.is_censored then later_answers.response end as later_answer,
    case when first_spells.is_censored then later_answers.responded_at end as later_answered_at,
from orders
left join narrowest_ranges on narrowest_ranges.portout_id = orders.portout_id
left join intermediate.int_order_places as places on places.portout_id = orders.portout_id
left join first_spells on first_spells.portout_id = orders.portout_id
left join later_answers on later_answers.portout_id = orders.portout_id and later_answers.position = 1
