-- A raw warehouse as a loader leaves it, generated from the numbers of the orders: equal sizes give equal rows.
--
-- Run in an empty database, with the variables `orders` (their number) and `as_of`.

-- The lifecycles of orders: statuses, and which of each hundred orders take them.
create temp table lifecycles (first_share integer, last_share integer, statuses varchar[]);
insert into lifecycles values
    (0, 52, ['pending', 'authorized', 'ported']),
    (53, 62, ['pending', 'rejected-pending', 'pending', 'authorized', 'ported']),
    (63, 73, ['pending', 'rejected-pending', 'rejected']),
    (74, 75, ['pending', 'rejected-pending', 'pending', 'rejected-pending', 'pending', 'authorized', 'ported']),
    (76, 83, ['pending', 'rejected']),
    (84, 88, ['pending', 'canceled']),
    (89, 90, ['pending', 'authorized', 'canceled']),
    (91, 94, ['pending', 'authorized']),
    (95, 97, ['pending']),
    (98, 99, ['pending', 'rejected', 'pending', 'authorized', 'ported']);

-- Returns the same number from 0 to 2^31 - 1 for the same order `i` and the same purpose `n`.
create temp macro draw(i, n) as cast(hash(i * 64 + n) >> 33 as bigint);
create temp macro name_id(i, n) as cast(cast(md5(n || i) as uuid) as varchar);
create temp table orders as
select
    i,
    name_id(i, 'order') as id,
    statuses,
    timestamptz '2021-01-01 00:00:00+00' + draw(i, 1) % (2000 * 86400) * interval '1 second'
        + draw(i, 2) % 1000 * interval '1 millisecond' as inserted_at,
    i % 10 <> 0 as has_events,
from (select range as i from range(getvariable('orders')))
inner join lifecycles on draw(i, 0) % 100 between first_share and last_share;

-- One row per status; half of the waits are shorter than a day, and some last weeks.
create temp table changes as
with steps as (
    select i, id, has_events, inserted_at, unnest(statuses) as status, generate_subscripts(statuses, 1) as position
    from orders
),

waits as (
    select
        *,
        case
            when position = 1 then 0
            else draw(i, 8 + position)
                % case draw(i, 24 + position) % 4 when 0 then 900000 when 1 then 160000 else 70000 end
        end as seconds,
    from steps
)

select
    i, id, has_events, status, position,
    inserted_at + cast(sum(seconds) over (partition by i order by position) as bigint) * interval '1 second'
        as began_at,
from waits;
delete from changes where began_at > getvariable('as_of');

create schema raw;
create table raw.portouts as
with last_changes as (
    select i, arg_max(status, position) as status, max(began_at) as began_at
    from changes
    group by i
)

select
    id, 'portout' as record_type, status,
    'Carrier ' || draw(i, 3) % 20 * (draw(i, 44) % 20)
        || case draw(i, 4) % 5 when 0 then ', Inc.' when 1 then ' LLC' else '' end as carrier_name,
    case when draw(i, 5) % 10 > 0 then (1000 + draw(i, 3) % 20 * (draw(i, 44) % 20)) || 'A' end as spid,
    'Telnyx' as current_carrier, name_id(1, 'user') as user_id, null::varchar as vendor,
    'PO_' || substring(id, 1, 6) as support_key, 'PON' || i as pon,
    'Ann Example' as authorized_name, 'Ann Example' as end_user_name, '1 Sample Street' as service_address,
    'Springfield' as city, 'IL' as state, '62701' as zip,
    case when status = 'rejected' then 'Account number mismatch' end as reason,
    case when status = 'rejected' then 1000 + draw(i, 6) % 12 end as rejection_code,
    false as already_ported, false as host_messaging, '[]' as lsr,
    strftime(inserted_at + interval '3 days', '%Y-%m-%dT00:00:00+00:00') as foc_date,
    strftime(inserted_at + interval '2 days', '%Y-%m-%dT00:00:00+00:00') as requested_foc_date,
    inserted_at as created_at, inserted_at, began_at + interval '1 second' as updated_at, null::varchar as extra,
    null::timestamptz as deleted_at,
from orders
inner join last_changes using (i);

create table raw.portout_phone_numbers as
with numbers as (
    select i, id, unnest(range(case when draw(i, 7) % 4 = 0 then 1 + draw(i, 40) % 6 else 1 end)) + 1 as position
    from orders
)

select
    id as portout_id, position,
    '+1' || (201 + draw(i, 41) % 700) || 555 || right('000' || (draw(i, 42) + position) % 10000, 4) as phone_number,
    case when draw(i, 41) % 9 = 0 then 'CA' else 'US' end as country_code,
    cast(201 + draw(i, 41) % 700 as varchar) as area_code,
    case draw(i, 41) % 6
        when 0 then 'America/Chicago' when 1 then 'America/Los_Angeles' when 2 then 'America/Denver' when 3 then null
        else 'America/New_York'
    end as time_zone,
from numbers;

create table raw.portout_events as
with events as (
    select i, id, 'portout.status_changed' as event_type, status, began_at, 'status' || position as purpose
    from changes
    where has_events
    union all
    select i, id, 'portout.new_comment', null, began_at + interval '7 minutes', 'comment' || position
    from changes
    where has_events and draw(i, 48 + position) % 8 < 3
    union all
    select i, id, 'portout.foc_date_changed', null, began_at + interval '5 minutes', 'foc'
    from changes
    where has_events and position = 1
)

select
    name_id(i, purpose) as id, event_type, id as portout_id, 'event' as record_type, 'completed' as payload_status,
    null::varchar as payload, 'id,status,carrier_name,user_id,foc_date,comment' as payload_fields,
    status as payload__status, 'Carrier ' || draw(i, 3) % 20 as payload__carrier_name,
    case when status in ('rejected-pending', 'rejected') then 'Account number mismatch' end as payload__rejection_reason,
    name_id(1, 'user') as payload__user_id,
    case when event_type = 'portout.new_comment' then name_id(i, purpose || ' id') end as payload__id,
    case when event_type = 'portout.new_comment' then 'Please hold' end as payload__comment,
    case when purpose = 'foc' then strftime(began_at + interval '3 days', '%Y-%m-%dT00:00:00.000Z') end
        as payload__foc_date,
    '["email","webhook"]' as available_notification_methods, began_at as created_at, began_at as updated_at,
    null::varchar as extra,
from events;

-- A sync every six hours for the last two years; each observes the orders that changed, the first one all orders.
create table raw.syncs as
select
    'sync' || range as sync_id, getvariable('as_of') - range * interval '6 hours' as as_of, as_of as started_at,
    as_of as finished_at, 8::bigint as requests, 10::bigint as orders_read, 10::bigint as events_read,
    5::bigint as orders_changed, true as is_proven, true as published,
from range(2 * 365 * 4);

create table raw.portout_observations as
with seen as (
    select
        id, status, began_at,
        greatest(time_bucket(interval '6 hours', began_at) + interval '6 hours', first_sync.as_of) as seen_at,
        lead(began_at) over (partition by i order by position) as ended_at,
    from changes
    cross join (select min(as_of) as as_of from raw.syncs) as first_sync
)

select id as portout_id, status, began_at as updated_at, seen_at, 'sync' as sync_id
from seen
where seen_at <= getvariable('as_of') and (ended_at is null or ended_at > seen_at);

create table raw.portout_ported_ranges as
select
    id as portout_id, began_at - interval '3 hours' as ported_from, began_at + interval '3 hours' as ported_to,
    began_at as seen_at
from changes
where status = 'ported';
