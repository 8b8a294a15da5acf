/*
One row per order with numbers: how many it has, and the place that its dates and business hours belong to.

kind: per order temporary
key: portout_id

number_count: Numbers in the order.
country_code: Country of the first number.
time_zone: IANA time zone of the first number that has one.
time_zone_source: How this time zone was determined, see stg_phone_numbers.
business_country_code: Country whose holidays count: that of the first number with a time zone and a country, else of
    the first number with a country.
*/
with numbers as (
    select portout_id, position, country_code, time_zone, time_zone_source
    from staging.stg_phone_numbers
),

positions as (
    select
        portout_id,
        count(*) as number_count,
        max(case when position = 1 then country_code end) as country_code,
        min(case when time_zone is not null then position end) as zone_position,
        coalesce(
            min(case when time_zone is not null and country_code is not null then position end),
            min(case when country_code is not null then position end)
        ) as country_position,
    from numbers
    group by portout_id
)

select
    positions.portout_id,
    positions.number_count,
    positions.country_code,
    zoned.time_zone,
    zoned.time_zone_source,
    located.country_code as business_country_code,
from positions
left join numbers as zoned
    on zoned.portout_id = positions.portout_id and zoned.position = positions.zone_position
left join numbers as located
    on located.portout_id = positions.portout_id and located.position = positions.country_position
