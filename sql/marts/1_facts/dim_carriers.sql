create or replace view marts.dim_carriers as
select carrier_id, carrier_name, spid
from staging.int_carriers;

comment on view marts.dim_carriers is 'One row per gaining carrier. One SPID can serve many brands: a carrier here is a network operator, not a brand.';
comment on column marts.dim_carriers.carrier_id is 'The SPID where there is one, else the folded name (see dim_carrier_spellings), else ''unknown''.';
comment on column marts.dim_carriers.carrier_name is 'The spelling seen in most orders; ties: that of the latest order, then the first in the alphabet.';
comment on column marts.dim_carriers.spid is 'SPID, null for carriers known by name only.';
