create or replace table marts.fct_portouts as
with orders as (
    select
        portout_id, status, spid, carrier_name, inserted_at, updated_at, requested_foc_on, foc_on,
        rejection_code, rejection_reason, support_key, pon,
    from staging.stg_portouts
),

number_counts as (
    select portout_id, count(*) as number_count, min(position) as first_position
    from staging.stg_phone_numbers
    group by portout_id
),

numbers as (
    select number_counts.portout_id, number_counts.number_count, first_numbers.country_code
    from number_counts
    inner join staging.stg_phone_numbers as first_numbers
        on first_numbers.portout_id = number_counts.portout_id
        and first_numbers.position = number_counts.first_position
),

current_statuses as (
    select portout_id, began_at, measured_by
    from marts.fct_status_changes
    where next_status is null
),

ranked_ranges as (
    select
        portout_id,
        ported_to,
        row_number() over (
            partition by portout_id
            order by date_diff('microsecond', ported_from, ported_to), ported_to
        ) as place,
    from staging.stg_ported_ranges
),

narrowest_ranges as (
    select portout_id, ported_to
    from ranked_ranges
    where place = 1
),

first_responses as (
    select portout_id, response, responded_at, response_hours
    from marts.fct_responses
    where spell_number = 1
),

joined as (
    select
        orders.portout_id,
        orders.status,
        coalesce(orders.status not in ('ported', 'rejected', 'canceled'), true) as is_open,
        carriers.carrier_id,
        carriers.carrier_name,
        orders.spid,
        numbers.country_code,
        coalesce(numbers.number_count, 0) as number_count,
        orders.inserted_at,
        orders.updated_at,
        orders.requested_foc_on,
        orders.foc_on,
        current_statuses.began_at as status_began_at,
        case
            when orders.status = 'ported' and current_statuses.measured_by = 'event' then current_statuses.began_at
            when orders.status = 'ported' then narrowest_ranges.ported_to
        end as ported_at,
        case
            when orders.status = 'ported' and current_statuses.measured_by = 'event' then 'event'
            when orders.status = 'ported' and narrowest_ranges.ported_to is not null then 'range'
            when orders.status = 'ported' then 'unknown'
        end as ported_at_source,
        first_responses.response,
        first_responses.responded_at,
        first_responses.response_hours,
        orders.rejection_code,
        orders.rejection_reason,
        orders.support_key,
        orders.pon,
    from orders
    inner join marts.dim_carrier_spellings as spellings
        on spellings.spid is not distinct from orders.spid
        and spellings.carrier_name is not distinct from orders.carrier_name
    inner join marts.dim_carriers as carriers on carriers.carrier_id = spellings.carrier_id
    left join numbers on numbers.portout_id = orders.portout_id
    left join current_statuses on current_statuses.portout_id = orders.portout_id
    left join narrowest_ranges on narrowest_ranges.portout_id = orders.portout_id
    left join first_responses on first_responses.portout_id = orders.portout_id
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
    portout_id, status, is_open, carrier_id, carrier_name, spid, country_code, number_count,
    inserted_at, received_on, updated_at, requested_foc_on, foc_on, status_began_at, ported_at, ported_on, ported_at_source,
    response, responded_at, response_hours, rejection_code, rejection_reason, support_key, pon,
from dated;

comment on table marts.fct_portouts is 'One row per port-out order, as the API shows it at as_of. The response columns are those of its first pending spell.';
comment on column marts.fct_portouts.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_portouts.status is 'Current status in Telnyx''s words.';
comment on column marts.fct_portouts.is_open is 'Whether the status is none of ported, rejected, canceled; a missing or unknown one counts as open.';
comment on column marts.fct_portouts.carrier_id is 'Gaining carrier: the SPID, else the folded name, else ''unknown''.';
comment on column marts.fct_portouts.carrier_name is 'Its most frequent spelling (dim_carriers), not necessarily this order''s.';
comment on column marts.fct_portouts.spid is 'SPID of the gaining carrier as this order gives it.';
comment on column marts.fct_portouts.country_code is 'Country of the order''s first number.';
comment on column marts.fct_portouts.number_count is 'Numbers in the order.';
comment on column marts.fct_portouts.inserted_at is 'When Telnyx received the order.';
comment on column marts.fct_portouts.received_on is 'Day of inserted_at in the reporting time zone.';
comment on column marts.fct_portouts.updated_at is 'Last change of any field; no sign of a response.';
comment on column marts.fct_portouts.requested_foc_on is 'Day the gaining side asked for.';
comment on column marts.fct_portouts.foc_on is 'Confirmed day (firm order commitment).';
comment on column marts.fct_portouts.status_began_at is 'When the current status began; where no event tells, when a sync first saw it.';
comment on column marts.fct_portouts.ported_at is 'When the numbers left: the event''s time, else the end of the narrowest ported_out_at window that returned the order, else null. Null unless ported.';
comment on column marts.fct_portouts.ported_on is 'Day of ported_at in the reporting time zone.';
comment on column marts.fct_portouts.ported_at_source is 'What ported_at rests on: event, range, or unknown (ported, time not known). Null unless ported.';
comment on column marts.fct_portouts.response is 'How the first spell ended; see fct_responses.';
comment on column marts.fct_portouts.responded_at is 'When it ended; null while open and when unknown.';
comment on column marts.fct_portouts.response_hours is 'Hours that it took; null while open and when unknown.';
comment on column marts.fct_portouts.rejection_code is 'Telnyx''s code of the rejection; missing in old orders.';
comment on column marts.fct_portouts.rejection_reason is 'Our text on rejection; emptied when the order is reopened.';
comment on column marts.fct_portouts.support_key is 'Short name of the order in talks with Telnyx; not a key.';
comment on column marts.fct_portouts.pon is 'Port order number of the gaining side.';
