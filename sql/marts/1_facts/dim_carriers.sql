create or replace view marts.dim_carriers as
select carrier_id, carrier_name, spid, operator_id, operator_name, suggested_operator
from staging.int_carriers;

comment on view marts.dim_carriers is 'One row per gaining carrier. One SPID can serve many brands, so a carrier is a network operator here, not a brand.';
comment on column marts.dim_carriers.carrier_id is 'The SPID, also if only other orders give it with this name; else the folded name (see dim_carrier_spellings); else ''unknown''.';
comment on column marts.dim_carriers.carrier_name is 'The most frequent spelling. Ties: the spelling of the latest order, then the first in the alphabet.';
comment on column marts.dim_carriers.spid is 'SPID in upper case; null for a carrier whose SPID is unknown.';
comment on column marts.dim_carriers.operator_id is 'Operator of the carrier in the user''s list (setting operators), else carrier_id. Group by it to count several SPIDs as one.';
comment on column marts.dim_carriers.operator_name is 'Operator in the user''s list, else carrier_name.';
comment on column marts.dim_carriers.suggested_operator is 'A suggestion for that list. If several carriers have the same name apart from a state at its end ("- CA") and are not one operator yet: the name of the largest of them. Else null.';
