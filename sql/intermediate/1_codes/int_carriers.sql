create or replace table staging.int_carriers as
with spellings as (
    select carrier_id, spid, carrier_name, order_count, last_inserted_at
    from staging.int_carrier_spellings
),

carriers as (
    select
        carrier_id,
        max(spid) as spid,
    from spellings
    group by carrier_id
),

-- Under one name-made carrier_id a spelling may stand with and without SPID, hence the sum.
names as (
    select
        carrier_id,
        carrier_name,
        sum(order_count) as order_count,
        max(last_inserted_at) as last_inserted_at,
    from spellings
    where carrier_name is not null
    group by carrier_id, carrier_name
),

ranked as (
    select
        carrier_id,
        carrier_name,
        row_number() over (
            partition by carrier_id
            order by order_count desc, last_inserted_at desc nulls last, carrier_name
        ) as place,
    from names
),

named as (
    select
        row_number() over (order by carriers.carrier_id) as carrier_number,
        carriers.carrier_id,
        ranked.carrier_name,
        carriers.spid,
    from carriers
    left join ranked on ranked.carrier_id = carriers.carrier_id and ranked.place = 1
)

select carrier_number, carrier_id, carrier_name, spid
from named;

comment on table staging.int_carriers is 'One row per gaining carrier. One SPID can serve many brands: a carrier here is a network operator, not a brand.';
comment on column staging.int_carriers.carrier_id is 'The SPID where there is one, else the folded name (see int_carrier_spellings), else ''unknown''.';
comment on column staging.int_carriers.carrier_name is 'The spelling seen in most orders; ties: that of the latest order, then the first in the alphabet.';
comment on column staging.int_carriers.spid is 'SPID, null for carriers known by name only.';
comment on column staging.int_carriers.carrier_number is 'Counts the carriers by carrier_id. Given anew by every build.';
