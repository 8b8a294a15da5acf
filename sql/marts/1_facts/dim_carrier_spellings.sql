create or replace view marts.dim_carrier_spellings as
select spid, carrier_name, folded_name, carrier_id, order_count, last_inserted_at
from staging.int_carrier_spellings;

comment on view marts.dim_carrier_spellings is 'One row per SPID and carrier name as orders give them, with the carrier that we take them for.';
comment on column marts.dim_carrier_spellings.spid is 'SPID as the orders give it, null where they do not.';
comment on column marts.dim_carrier_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column marts.dim_carrier_spellings.folded_name is 'Its letters and digits alone: NFKC, case folded, without white space, punctuation, symbols and invisible characters; null where nothing is left.';
comment on column marts.dim_carrier_spellings.carrier_id is 'The SPID in upper case; without one, the one SPID with which the name stands elsewhere; with none or several, folded_name; without a name ''unknown''.';
comment on column marts.dim_carrier_spellings.order_count is 'Orders in this spelling.';
comment on column marts.dim_carrier_spellings.last_inserted_at is 'When the latest of them was received.';
