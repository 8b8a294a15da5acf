-- Telnyx sent an undocumented status, or none; such orders count as open.
select portout_id, status
from staging.stg_portouts
where status is null or status not in ('pending', 'authorized', 'rejected-pending', 'rejected', 'canceled', 'ported')
