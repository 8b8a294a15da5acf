create or replace table staging.int_statuses as
with named as (
    select coalesce(status, 'unknown') as status from staging.stg_portouts
    union
    select status from staging.stg_events where event_type = 'portout.status_changed' and status is not null
    union
    select coalesce(status, 'unknown') from staging.stg_observations
    union
    select 'pending'
)

select
    cast(row_number() over (order by status <> 'pending', status) - 1 as smallint) as status_code,
    status,
    status in ('ported', 'rejected', 'canceled') as is_final,
    case
        when status = 'pending' then 0
        when status = 'rejected-pending' then 1
        when status in ('ported', 'rejected', 'canceled') then 3
        else 2
    end as stage,
from named;

comment on table staging.int_statuses is 'One row per status that the API has shown. Status changes hold the code.';
comment on column staging.int_statuses.status_code is 'Counts the statuses; 0 is pending. Given anew by every build.';
comment on column staging.int_statuses.status is 'Status in Telnyx''s words; ''unknown'' where the API gave none.';
comment on column staging.int_statuses.is_final is 'Whether the order is over: ported, rejected or canceled.';
comment on column staging.int_statuses.stage is 'Place in the life of an order, from 0: pending; rejected-pending; authorized and whatever is not known; final.';
