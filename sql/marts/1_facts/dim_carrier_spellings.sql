create or replace view marts.dim_carrier_spellings as
select spid, carrier_name, folded_name, carrier_id, order_count, last_inserted_at
from staging.int_carrier_spellings;

comment on view marts.dim_carrier_spellings is 'One row per SPID and carrier name as orders give them, with the carrier to which we assign them.';
comment on column marts.dim_carrier_spellings.spid is 'SPID (service provider id) as the orders give it, null if they give none.';
comment on column marts.dim_carrier_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column marts.dim_carrier_spellings.folded_name is 'Letters and digits of the name (NFKC, case folded), without white space, punctuation, symbols and invisible characters; null if none is left.';
comment on column marts.dim_carrier_spellings.carrier_id is 'The SPID in upper case. Without a SPID: the SPID that other orders give with this name, if there is exactly one; else folded_name. Without a name: ''unknown''.';
comment on column marts.dim_carrier_spellings.order_count is 'Orders with this spelling.';
comment on column marts.dim_carrier_spellings.last_inserted_at is 'When the latest of these orders was received.';
