create or replace temp table event_history as
with events as (
    select portout_id, status, created_at
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

numbered as (
    select
        order_numbers.order_number,
        statuses.status_code,
        statuses.status not in ('pending', 'authorized', 'ported', 'canceled') as leads_back,
        order_numbers.status_code as current_code,
        events.created_at,
    from events
    inner join order_numbers on order_numbers.portout_id = events.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

compared as (
    select
        order_number,
        row_number() over (partition by order_number order by created_at) as place,
        status_code,
        current_code,
        created_at,
        first_value(status_code) over (partition by order_number order by created_at) as first_code,
        lag(status_code, 1, 0) over (partition by order_number order by created_at) as previous_code,
        lag(leads_back) over (partition by order_number order by created_at) as previous_leads_back,
        lag(created_at) over (partition by order_number order by created_at) as previous_at,
        lead(created_at) over (partition by order_number order by created_at) is null as is_last,
    from numbered
),

-- Where the order of events is in doubt it is settled below: dear to sort by, and needed for few orders.
doubtful_orders as (
    select distinct order_number
    from compared
    where
        (created_at = previous_at and status_code <> previous_code)
        or (status_code = 0 and previous_code <> 0 and (first_code <> 0 or not previous_leads_back))
        or (is_last and status_code <> current_code)
),

events_with_ids as (
    select portout_id, status, created_at, event_id
    from staging.stg_events
    where event_type = 'portout.status_changed' and created_at is not null
),

doubted as (
    select
        orders.order_number,
        statuses.status_code,
        statuses.stage,
        statuses.status in ('authorized', 'ported', 'canceled') as is_settled,
        statuses.status not in ('pending', 'authorized', 'ported', 'canceled') as leads_back,
        orders.status_code as current_code,
        current_statuses.stage as current_stage,
        events.created_at,
        events.event_id,
    from doubtful_orders
    inner join order_numbers as orders on orders.order_number = doubtful_orders.order_number
    inner join staging.int_statuses as current_statuses on current_statuses.status_code = orders.status_code
    inner join events_with_ids as events on events.portout_id = orders.portout_id
    inner join staging.int_statuses as statuses on statuses.status = events.status
),

-- A leg begins with a status from which an order can become pending again: a rejection, or a status nobody knows.
numbered_legs as (
    select
        doubted.*,
        min(created_at) over (partition by order_number) as first_at,
        max(created_at) over (partition by order_number) as last_at,
        min(case when status_code = 0 then created_at end) over (partition by order_number) as first_pending_at,
        max(case when status_code = current_code then created_at end) over (partition by order_number) as current_at,
        count(case when leads_back then 1 end) over (partition by order_number order by created_at) as leg,
    from doubted
),

legs as (
    select
        numbered_legs.*,
        min(case when is_settled then created_at end) over (partition by order_number, leg) as settled_at,
    from numbered_legs
),

-- Events can be recorded late (docs/decisions/metrics.md, "Events recorded late"): nothing happens later than its latest time.
bounded as (
    select
        legs.*,
        case
            when status_code <> 0 or (current_code = 0 and created_at = last_at) then created_at
            when created_at = first_pending_at
                and (leg = 0 or created_at <= first_at + interval '1 minute' or created_at = last_at) then first_at
            when settled_at < created_at then settled_at
            else created_at
        end as latest_pending_at,
        case
            when stage < current_stage and (current_stage = 3 or last_at <= current_at + interval '1 minute')
                then least(current_at, created_at)
            else created_at
        end as latest_at,
    from legs
),

dated as (
    select
        order_number, status_code, stage, current_code, event_id,
        least(latest_pending_at, latest_at) as began_at,
        max(least(latest_pending_at, latest_at)) over (partition by order_number) as last_at,
    from bounded
),

-- At one instant, the status that the order has now comes last; else life goes on from pending to what is final. Ids
-- are random.
placed as (
    select
        order_number,
        row_number() over (
            partition by order_number
            order by began_at, status_code = current_code and began_at = last_at, stage, event_id
        ) as place,
        status_code,
        began_at as created_at,
    from dated
),

settled as (
    select
        order_number,
        place,
        status_code,
        created_at,
        lag(status_code, 1, 0) over (partition by order_number order by place) as previous_code,
        lead(created_at) over (partition by order_number order by place) is null as is_last,
    from placed
),

history as (
    select order_number, place, status_code, created_at, previous_code, is_last
    from compared
    where order_number not in (select order_number from doubtful_orders)
    union all
    select order_number, place, status_code, created_at, previous_code, is_last
    from settled
)

select
    order_number, place, status_code, created_at as began_at, 0 as measure_code,
    status_code <> previous_code as is_change, is_last,
from history
where status_code <> previous_code or is_last;
