-- The requested, confirmed and actual days of each order, in the time zone of its first number. Telnyx calls the
-- confirmed day FOC: firm order commitment.
create or replace temp table foc_days as
with orders as (
    select
        outcomes.order_number,
        coalesce(outcomes.time_zone, inputs.business_time_zone) as time_zone,
        portouts.requested_foc_date,
        portouts.foc_date,
        portouts.inserted_at,
        outcomes.ported_at,
    from staging.stg_portouts as portouts
    inner join order_outcomes as outcomes on outcomes.portout_id = portouts.portout_id
    cross join staging.model_inputs as inputs
),

events as (
    select portout_id, foc_date, created_at
    from staging.stg_events
    where foc_date is not null and created_at is not null
),

sent as (
    select requested_foc_date as sent_as from orders
    union
    select foc_date from orders
    union
    select foc_date from events
),

-- Some programs send a zero date, such as 0001-01-01, for no date.
dated as (
    select sent_as, try_cast(substring(sent_as, 1, 10) as date) as written_on
    from sent
    where try_cast(substring(sent_as, 1, 10) as date) between date '2000-01-01' and date '2099-12-31'
),

read_once as (
    select sent_as, written_on, try_cast(sent_as as timestamptz) as sent_at
    from dated
),

-- Midnight UTC means a day, not an instant.
texts as (
    select
        sent_as,
        case when sent_at at time zone 'UTC' <> date_trunc('day', sent_at at time zone 'UTC') then sent_at end as sent_at,
        coalesce(cast(sent_at at time zone 'UTC' as date), written_on) as sent_on,
    from read_once
),

instants as (
    select
        texts.sent_as,
        offsets.time_zone,
        cast((texts.sent_at at time zone 'UTC') + offsets.utc_offset_seconds * interval '1 second' as date) as local_on,
    from texts
    inner join staging.utc_offsets as offsets on texts.sent_at >= offsets.starts_at and texts.sent_at < offsets.ends_at
),

order_days as (
    select
        orders.order_number,
        orders.time_zone,
        orders.inserted_at,
        orders.ported_at,
        coalesce(requested_instants.local_on, requested.sent_on) as requested_foc_on,
        coalesce(confirmed_instants.local_on, confirmed.sent_on) as foc_on,
    from orders
    left join texts as requested on requested.sent_as = orders.requested_foc_date
    left join texts as confirmed on confirmed.sent_as = orders.foc_date
    left join instants as requested_instants
        on requested_instants.sent_as = orders.requested_foc_date and requested_instants.time_zone = orders.time_zone
    left join instants as confirmed_instants
        on confirmed_instants.sent_as = orders.foc_date and confirmed_instants.time_zone = orders.time_zone
),

foc_events as (
    select
        order_days.order_number,
        order_days.requested_foc_on,
        order_days.foc_on as current_foc_on,
        events.created_at,
        coalesce(instants.local_on, texts.sent_on) as foc_on,
    from events
    inner join order_numbers on order_numbers.portout_id = events.portout_id
    inner join order_days on order_days.order_number = order_numbers.order_number
    inner join texts on texts.sent_as = events.foc_date
    left join instants on instants.sent_as = events.foc_date and instants.time_zone = order_days.time_zone
    where coalesce(instants.local_on, texts.sent_on) is not null
),

first_foc_events as (
    select order_number, requested_foc_on, current_foc_on, min(created_at) as created_at
    from foc_events
    group by order_number, requested_foc_on, current_foc_on
),

authorizations as (
    select changes.order_number, min(changes.began_at) as authorized_at
    from staging.int_status_changes as changes
    inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
    where statuses.status = 'authorized' and changes.evidence_code = 0
    group by changes.order_number
),

-- An authorization confirms the requested day, unless an event within one minute confirms another day.
confirmations as (
    select order_number, 2 as part, created_at as confirmed_at, foc_on
    from foc_events
    union all
    select first_foc_events.order_number, 1, authorizations.authorized_at, first_foc_events.requested_foc_on
    from first_foc_events
    inner join authorizations on authorizations.order_number = first_foc_events.order_number
    where authorizations.authorized_at + interval '1 minute' < first_foc_events.created_at
        and first_foc_events.requested_foc_on is not null
    union all
    select order_number, 3, created_at, current_foc_on
    from first_foc_events
    where current_foc_on is not null
),

sequenced as (
    select
        order_number,
        foc_on,
        row_number() over (partition by order_number order by part, confirmed_at, foc_on) as position,
        lag(foc_on) over (partition by order_number order by part, confirmed_at, foc_on) as previous_foc_on,
    from confirmations
),

histories as (
    select
        order_number,
        max(case when position = 1 then foc_on end) as first_foc_on,
        count(case when foc_on <> previous_foc_on then 1 end) as foc_changes,
    from sequenced
    group by order_number
),

local as (
    select
        order_days.order_number,
        order_days.requested_foc_on,
        order_days.foc_on,
        coalesce(histories.first_foc_on, order_days.foc_on) as first_foc_on,
        coalesce(histories.foc_changes, 0) as foc_changes,
        cast((order_days.inserted_at at time zone 'UTC') + receipts.utc_offset_seconds * interval '1 second' as date)
            as inserted_on,
        cast((order_days.ported_at at time zone 'UTC') + ports.utc_offset_seconds * interval '1 second' as date)
            as ported_on,
    from order_days
    left join histories on histories.order_number = order_days.order_number
    left join staging.utc_offsets as receipts
        on receipts.time_zone = order_days.time_zone
        and order_days.inserted_at >= receipts.starts_at
        and order_days.inserted_at < receipts.ends_at
    left join staging.utc_offsets as ports
        on ports.time_zone = order_days.time_zone
        and order_days.ported_at >= ports.starts_at
        and order_days.ported_at < ports.ends_at
)

select
    order_number, requested_foc_on, foc_on, first_foc_on, foc_changes,
    date_diff('day', inserted_on, foc_on) as foc_lead_days,
    date_diff('day', foc_on, ported_on) as foc_slip_days,
    date_diff('day', first_foc_on, ported_on) as first_foc_slip_days,
from local;
