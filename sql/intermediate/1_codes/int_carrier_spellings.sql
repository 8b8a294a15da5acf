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
lettered as (
    select
        spid,
        carrier_name,
        order_count,
        last_inserted_at,
        regexp_replace(lower(carrier_name), '[\p{P}\p{S}]', '', 'g') as letters,
    from spellings
),

folded as (
    select
        spid,
        carrier_name,
        nullif(trim(regexp_replace(letters, '[[:space:]\p{Z}]+', ' ', 'g')), '') as folded_name,
        order_count,
        last_inserted_at,
    from lettered
)

select
    spid, carrier_name, folded_name, coalesce(spid, folded_name, 'unknown') as carrier_id, order_count,
    last_inserted_at,
from folded;

comment on table staging.int_carrier_spellings is 'One row per SPID and carrier name as orders give them, with the carrier that we take them for.';
comment on column staging.int_carrier_spellings.spid is 'SPID as the orders give it, null where they do not.';
comment on column staging.int_carrier_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column staging.int_carrier_spellings.folded_name is 'Its letters alone: lower case, without punctuation and symbols, white space collapsed; null where nothing is left.';
comment on column staging.int_carrier_spellings.carrier_id is 'The SPID; without one folded_name; without either ''unknown''.';
comment on column staging.int_carrier_spellings.order_count is 'Orders in this spelling.';
comment on column staging.int_carrier_spellings.last_inserted_at is 'When the latest of them was received.';
