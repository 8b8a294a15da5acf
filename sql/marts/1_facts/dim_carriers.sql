create or replace view marts.dim_carriers as
select carrier_id, carrier_name, spid, operator_id, operator_name, suggested_operator
from staging.int_carriers;

comment on view marts.dim_carriers is 'One row per gaining carrier. One SPID can serve many brands: a carrier here is a network operator, not a brand.';
comment on column marts.dim_carriers.carrier_id is 'The SPID where there is one, or where the name has one elsewhere; else the folded name (see dim_carrier_spellings), else ''unknown''.';
comment on column marts.dim_carriers.carrier_name is 'The spelling seen in most orders; ties: that of the latest order, then the first in the alphabet.';
comment on column marts.dim_carriers.spid is 'SPID in upper case, null for carriers known by name only.';
comment on column marts.dim_carriers.operator_id is 'Operator that the list of the setting operators names for the carrier, else carrier_id: group by it to count several SPIDs as one.';
comment on column marts.dim_carriers.operator_name is 'The same, else carrier_name.';
comment on column marts.dim_carriers.suggested_operator is 'Name of the largest of several carriers that are called alike but for a state at the end ("- CA") and are not one operator: a suggestion for the list; else null.';
