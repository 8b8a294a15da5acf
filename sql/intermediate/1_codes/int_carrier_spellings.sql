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

folded as (
    select
        spellings.*,
        folds.folded_spid,
        folds.folded_name,
        folds.folded_family,
    from spellings
    inner join staging.folded_spellings as folds
        on folds.spid is not distinct from spellings.spid
        and folds.carrier_name is not distinct from spellings.carrier_name
),

-- If all orders with a name that give a SPID give the same one, orders with this name and no SPID get it, too.
names_with_one_spid as (
    select folded_name, min(folded_spid) as spid
    from folded
    where folded_name is not null and folded_spid is not null
    group by folded_name
    having count(distinct folded_spid) = 1
)

select
    folded.spid,
    folded.carrier_name,
    folded.folded_spid,
    folded.folded_name,
    folded.folded_family,
    coalesce(folded.folded_spid, names_with_one_spid.spid, folded.folded_name, 'unknown') as carrier_id,
    folded.order_count,
    folded.last_inserted_at,
from folded
left join names_with_one_spid on names_with_one_spid.folded_name = folded.folded_name;

comment on table staging.int_carrier_spellings is 'One row per SPID and carrier name as orders give them, with the carrier to which we assign them.';
comment on column staging.int_carrier_spellings.spid is 'SPID (service provider id) as the orders give it, null if they give none.';
comment on column staging.int_carrier_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column staging.int_carrier_spellings.folded_spid is 'SPID in upper case, without white space and invisible characters.';
comment on column staging.int_carrier_spellings.folded_name is 'Only the letters and digits of the name, see folded_spellings; null if it has none.';
comment on column staging.int_carrier_spellings.folded_family is 'folded_name without a state at the end of the name.';
comment on column staging.int_carrier_spellings.carrier_id is 'folded_spid. Without a SPID: the SPID that other orders give with this name, if there is exactly one; else folded_name. Without a name: ''unknown''.';
comment on column staging.int_carrier_spellings.order_count is 'Orders with this spelling.';
comment on column staging.int_carrier_spellings.last_inserted_at is 'When the latest of these orders was received.';
