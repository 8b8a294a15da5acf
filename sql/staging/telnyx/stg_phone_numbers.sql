/*
One row per order and position in its list of phone numbers.

kind: per order view
key: portout_id, position

account: Name of the Telnyx account that holds the order; default where no accounts are set up.
position: Position in the order's list, from 1.
phone_number: Number in E.164; hashed or null if the setting pii asks for it.
country_code: ISO 3166 alpha-2 country of the number; null if it cannot be determined.
area_code: Area code of a geographical number, else null.
time_zone: IANA time zone of the number; null if neither its digits nor its country determine one.
time_zone_source: How the time zone was determined: exchange (the first six digits of a North American number),
    area_code (the zone of most exchanges of the area code; outside North America the prefix), country (the whole
    country had one time when the order arrived), unknown (the number is hidden by pii, and a version without this
    column loaded it). Null without a zone.
number_type: geographic (with an area code: of a fixed line, and in North America also of a mobile phone, since the
    digits do not differ), mobile (elsewhere), toll_free, or non_geographic (shared cost, premium rate, VoIP, personal and
    company numbers). Null if it is unknown, also because the number was hidden by pii when a version without this column
    loaded it.
*/
select
    portout_id,
    account,
    position,
    phone_number,
    country_code,
    area_code,
    time_zone,
    case when time_zone is not null then coalesce(time_zone_source, 'unknown') end as time_zone_source,
    number_type,
from raw.portout_phone_numbers as phone_numbers
where not exists (
    select portout_id
    from staging.stg_deletions as deletions
    where deletions.portout_id = phone_numbers.portout_id
)
