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

comment on table staging.int_statuses is 'One row per status that the API has shown. Status changes contain the code.';
comment on column staging.int_statuses.status_code is 'Integer code of the status; 0 is pending. Each build assigns new codes.';
comment on column staging.int_statuses.status is 'Telnyx''s name of the status; ''unknown'' if the API gave none.';
comment on column staging.int_statuses.is_final is 'Whether the status is final: ported, rejected or canceled.';
comment on column staging.int_statuses.stage is 'Stage in the life of an order: 0 pending, 1 rejected-pending, 2 authorized or an unknown status, 3 final.';
