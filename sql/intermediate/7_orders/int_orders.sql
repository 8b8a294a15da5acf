create or replace table staging.int_orders as
with current_changes as (
    select order_number, began_at, measure_code
    from staging.int_status_changes
    where next_code is null
),

-- Needed only where no event tells when the order was ported.
unannounced as (
    select order_numbers.order_number, order_numbers.portout_id
    from order_numbers
    inner join staging.int_statuses as statuses on statuses.status_code = order_numbers.status_code
    inner join current_changes on current_changes.order_number = order_numbers.order_number
    where statuses.status = 'ported' and current_changes.measure_code > 0
),

ranked_ranges as (
    select
        unannounced.order_number,
        ranges.ported_to,
        row_number() over (
            partition by unannounced.order_number
            order by date_diff('microsecond', ranges.ported_from, ranges.ported_to), ranges.ported_to
        ) as place,
    from staging.stg_ported_ranges as ranges
    inner join unannounced on unannounced.portout_id = ranges.portout_id
),

narrowest_ranges as (
    select order_number, ported_to
    from ranked_ranges
    where place = 1
),

first_responses as (
    select order_number, response, responded_at, response_hours
    from staging.int_responses
    where spell_number = 1
),

joined as (
    select
        order_numbers.order_number,
        orders.*,
        carriers.carrier_number,
        order_places.country_code,
        coalesce(order_places.number_count, 0) as number_count,
        current_changes.began_at as status_began_at,
        case
            when orders.status = 'ported' and current_changes.measure_code = 0 then current_changes.began_at
            when orders.status = 'ported' then narrowest_ranges.ported_to
        end as ported_at,
        case
            when orders.status = 'ported' and current_changes.measure_code = 0 then 'event'
            when orders.status = 'ported' and narrowest_ranges.ported_to is not null then 'range'
            when orders.status = 'ported' then 'unknown'
        end as ported_at_source,
        first_responses.response,
        first_responses.responded_at,
        first_responses.response_hours,
    from staging.stg_portouts as orders
    inner join order_numbers on order_numbers.portout_id = orders.portout_id
    inner join staging.int_carrier_spellings as spellings
        on spellings.spid is not distinct from orders.spid
        and spellings.carrier_name is not distinct from orders.carrier_name
    inner join staging.int_carriers as carriers on carriers.carrier_id = spellings.carrier_id
    left join order_places on order_places.order_number = order_numbers.order_number
    left join current_changes on current_changes.order_number = order_numbers.order_number
    left join narrowest_ranges on narrowest_ranges.order_number = order_numbers.order_number
    left join first_responses on first_responses.order_number = order_numbers.order_number
),

dated as (
    select
        joined.*,
        cast(joined.inserted_at at time zone inputs.time_zone as date) as received_on,
        cast(joined.ported_at at time zone inputs.time_zone as date) as ported_on,
    from joined
    cross join staging.model_inputs as inputs
)

select
    order_number, portout_id, status, coalesce(status not in ('ported', 'rejected', 'canceled'), true) as is_open,
    carrier_number, spid, country_code, number_count,
    inserted_at, received_on, updated_at, requested_foc_on, foc_on,
    date_diff('day', received_on, foc_on) as foc_lead_days, date_diff('day', foc_on, ported_on) as foc_slip_days,
    status_began_at, ported_at, ported_on, ported_at_source,
    response, responded_at, response_hours, rejection_code, rejection_reason, support_key, pon,
from dated;

comment on table staging.int_orders is 'One row per port-out order, with its number: marts.fct_portouts shows it and tells the columns.';
comment on column staging.int_orders.order_number is 'Counts the orders by inserted_at. Given anew by every build: not to be kept.';
comment on column staging.int_orders.carrier_number is 'Gaining carrier, see int_carriers.';
comment on column staging.int_orders.portout_id is 'Telnyx''s id of the order.';
comment on column staging.int_orders.status is 'Current status in Telnyx''s words.';
comment on column staging.int_orders.is_open is 'Whether the status is none of ported, rejected, canceled; a missing or unknown one counts as open.';
comment on column staging.int_orders.spid is 'SPID of the gaining carrier as this order gives it.';
comment on column staging.int_orders.country_code is 'Country of the order''s first number.';
comment on column staging.int_orders.number_count is 'Numbers in the order.';
comment on column staging.int_orders.inserted_at is 'When Telnyx received the order.';
comment on column staging.int_orders.received_on is 'Day of inserted_at in the reporting time zone.';
comment on column staging.int_orders.updated_at is 'Last change of any field; no sign of a response.';
comment on column staging.int_orders.requested_foc_on is 'Day the gaining side asked for.';
comment on column staging.int_orders.foc_on is 'Confirmed day (firm order commitment).';
comment on column staging.int_orders.foc_lead_days is 'Days from received_on to foc_on; null without either.';
comment on column staging.int_orders.foc_slip_days is 'Days from foc_on to ported_on: positive is late, negative early; null without either.';
comment on column staging.int_orders.status_began_at is 'When the current status began; where no event tells, when a sync first saw it, or as_of where none did.';
comment on column staging.int_orders.ported_at is 'When the numbers left: the event''s time, else the end of the narrowest ported_out_at window that returned the order, else null. Null unless ported.';
comment on column staging.int_orders.ported_on is 'Day of ported_at in the reporting time zone.';
comment on column staging.int_orders.ported_at_source is 'What ported_at rests on: event, range, or unknown (ported, time not known). Null unless ported.';
comment on column staging.int_orders.response is 'How the first spell ended; see fct_responses.';
comment on column staging.int_orders.responded_at is 'When it ended; null while open and when unknown.';
comment on column staging.int_orders.response_hours is 'Hours that it took; null while open and when unknown.';
comment on column staging.int_orders.rejection_code is 'Telnyx''s code of the rejection; missing in old orders.';
comment on column staging.int_orders.rejection_reason is 'Our text on rejection; emptied when the order is reopened.';
comment on column staging.int_orders.support_key is 'Short name of the order in talks with Telnyx; not a key.';
comment on column staging.int_orders.pon is 'Port order number of the gaining side.';
