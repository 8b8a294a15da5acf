create or replace table staging.int_carrier_spellings as
with orders as (
    select spid, carrier_name, inserted_at
    from staging.stg_portouts
),

spellings as (
    select
        spid,
        carrier_name,
        count(*) as order_count,
        max(inserted_at) as last_inserted_at,
    from orders
    group by spid, carrier_name
),

-- Unicode classes: P punctuation, S symbols, Z white space beyond ASCII.
folded as (
    select
        spid,
        carrier_name,
        order_count,
        last_inserted_at,
        regexp_replace(lower(carrier_name), '[\p{P}\p{S}]', '', 'g') as letters,
    from spellings
),

identified as (
    select
        spid,
        carrier_name,
        coalesce(
            spid,
            nullif(trim(regexp_replace(letters, '[[:space:]\p{Z}]+', ' ', 'g')), ''),
            'unknown'
        ) as carrier_id,
        order_count,
        last_inserted_at,
    from folded
)

select spid, carrier_name, carrier_id, order_count, last_inserted_at
from identified;

comment on table staging.int_carrier_spellings is 'One row per SPID and carrier name as orders give them, with the carrier that we take them for.';
comment on column staging.int_carrier_spellings.spid is 'SPID as the orders give it, null where they do not.';
comment on column staging.int_carrier_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column staging.int_carrier_spellings.carrier_id is 'The SPID; without one the name in lower case, without punctuation and symbols, white space collapsed; without either ''unknown''.';
comment on column staging.int_carrier_spellings.order_count is 'Orders in this spelling.';
comment on column staging.int_carrier_spellings.last_inserted_at is 'When the latest of them was received.';
