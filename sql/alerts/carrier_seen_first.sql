-- A carrier asks for numbers for the first time.
-- key: _carrier_id
-- Its first order arrived in the 7 days before as_of. In the first 28 days of the data every carrier is new, so these
-- are left out.
with last_sync as (
    select max(as_of) as as_of
    from marts.rpt_sync
),

carriers as (
    select
        carrier_id,
        carrier_name,
        min(inserted_at) as first_asked_at,
        count(*) as orders,
        sum(number_count) as numbers,
    from marts.fct_portouts
    group by carrier_id, carrier_name
)

select
    carriers.carrier_name as carrier,
    carriers.first_asked_at as first_order,
    carriers.orders,
    carriers.numbers,
    carriers.carrier_id as _carrier_id,
from carriers
cross join last_sync
where carriers.first_asked_at > last_sync.as_of - interval 7 day
    and carriers.first_asked_at > (select min(first_asked_at) from carriers) + interval 28 day
order by carriers.first_asked_at, carriers.carrier_id
