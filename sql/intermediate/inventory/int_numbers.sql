/*
One row per phone number of the inventory: since when it is or was in service, and when and how it left.

kind: aggregate
key: phone_number_id

is_held: Whether it is in service: active, emergency-only or port-out-pending, and listed.
in_service_from: When it came into service: activated_at, else purchased_at, else created_at, else when a sync first saw
    it; null for a number that never was in service, such as one whose purchase is pending.
left_at: When it left the inventory, at the latest: its last change when a sync first saw it ported-out or deleted, or
    when a proven list first lacked it; null while it is in service.
left_how: How it left: ported-out, deleted, or missing (the list lacks it, and no status says why).
*/
with seen as (
    select
        observations.phone_number_id,
        min(observations.seen_at) as first_seen_at,
        min(
            case
                when observations.number_status = numbers.number_status
                    then least(coalesce(observations.updated_at, observations.seen_at), observations.seen_at)
            end
        ) as status_began_at,
    from staging.stg_number_observations as observations
    inner join staging.stg_numbers as numbers on numbers.phone_number_id = observations.phone_number_id
    group by observations.phone_number_id
),

described as (
    select
        numbers.*,
        seen.first_seen_at,
        seen.status_began_at,
        coalesce(numbers.number_status in ('ported-out', 'deleted'), false) as has_left,
        coalesce(numbers.number_status in ('active', 'emergency-only', 'port-out-pending'), false) as is_in_service,
    from staging.stg_numbers as numbers
    left join seen on seen.phone_number_id = numbers.phone_number_id
),

dated as (
    select
        described.*,
        case
            when is_in_service or has_left then coalesce(activated_at, purchased_at, created_at, first_seen_at)
        end as in_service_from,
        case
            when has_left then coalesce(status_began_at, missing_since) when is_in_service then missing_since
        end as last_held_at,
    from described
)

select
    phone_number_id,
    account,
    phone_number,
    number_status,
    number_type,
    country_code,
    customer_reference,
    connection_id,
    billing_group_id,
    tags,
    has_pin,
    is_in_service and missing_since is null as is_held,
    created_at,
    purchased_at,
    activated_at,
    in_service_from,
    case when last_held_at < in_service_from then in_service_from else last_held_at end as left_at,
    case
        when has_left then number_status
        when is_in_service and missing_since is not null then 'missing'
    end as left_how,
    missing_since,
from dated
