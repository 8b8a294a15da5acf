/*
One row per port-out order, without its carrier_id: an order that arrives can give the carrier of an older order another
id. marts.fct_portouts adds it and documents the columns.

kind: per order
key: portout_id

carrier_name: Name of the gaining carrier as this order spells it.
*/
with joined as (
    select
        orders.portout_id,
        orders.status,
        orders.spid,
        orders.carrier_name,
        outcomes.country_code,
        outcomes.number_count,
        orders.inserted_at,
        orders.updated_at,
        foc_days.requested_foc_on,
        foc_days.foc_on,
        foc_days.first_foc_on,
        foc_days.foc_changes,
        foc_days.foc_lead_days,
        foc_days.foc_slip_days,
        foc_days.first_foc_slip_days,
        outcomes.status_began_at,
        outcomes.ported_at,
        outcomes.ported_at_source,
        outcomes.response,
        outcomes.responded_at,
        outcomes.response_hours,
        orders.rejection_code,
        orders.rejection_reason,
        orders.support_key,
        orders.pon,
    from staging.stg_portouts as orders
    inner join intermediate.int_order_outcomes as outcomes on outcomes.portout_id = orders.portout_id
    inner join intermediate.int_foc_days as foc_days on foc_days.portout_id = orders.portout_id
)

select
    joined.*,
    coalesce(joined.status not in ('ported', 'rejected', 'canceled'), true) as is_open,
    cast((joined.inserted_at at time zone 'UTC') + receipts.utc_offset_seconds * interval '1 second' as date)
        as received_on,
    cast((joined.ported_at at time zone 'UTC') + ports.utc_offset_seconds * interval '1 second' as date) as ported_on,
from joined
cross join staging.model_settings as settings
-- The joins also compare the zone, of which there is only one: a hash join takes half the time of a range join.
left join staging.utc_offsets as receipts
    on receipts.time_zone = settings.time_zone
    and joined.inserted_at >= receipts.starts_at
    and joined.inserted_at < receipts.ends_at
left join staging.utc_offsets as ports
    on ports.time_zone = settings.time_zone
    and joined.ported_at >= ports.starts_at
    and joined.ported_at < ports.ends_at
