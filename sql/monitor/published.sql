-- The metrics of the published file; $now is the end of the run.
with last_sync as (
    select max(as_of) as as_of, max(finished_at) as finished_at
    from raw.syncs
),

open_orders as (
    select count(*) as orders
    from marts.fct_portouts
    where is_open
),

pending_orders as (
    select count(*) as orders, count(*) filter (where deadline_at < $now) as overdue
    from marts.rpt_open_orders
),

last_verifications as (
    select verdict, finished_at, row_number() over (partition by account order by as_of desc, finished_at desc) as place
    from raw.verifications
),

-- Of several accounts, the worst verdict.
last_verification as (
    select verdict, finished_at
    from last_verifications
    where place = 1
    order by case verdict when 'DIFFERENT' then 0 when 'UNPROVEN' then 1 else 2 end, finished_at desc
    limit 1
)

select
    epoch(last_sync.as_of) as data_as_of,
    epoch(last_sync.finished_at) as synced_at,
    open_orders.orders as open_orders,
    pending_orders.orders as pending_orders,
    pending_orders.overdue as pending_overdue_orders,
    last_verification.verdict,
    epoch(last_verification.finished_at) as verified_at,
from last_sync
cross join open_orders
cross join pending_orders
left join last_verification on true
