/*
One row per text that orders and events give as a requested or confirmed day. A model of its own, so that each text is
read once, and not once per order.

kind: per order temporary
key: sent_as

sent_as: The text as Telnyx sent it.
*/
select requested_foc_date as sent_as
from staging.stg_portouts
where requested_foc_date is not null
union
select foc_date
from staging.stg_portouts
where foc_date is not null
union
select foc_date
from staging.stg_events
where foc_date is not null
