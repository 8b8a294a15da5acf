/*
One row per month in which orders were received: how many of its orders reached each stage of a port-out, and the hours
from stage to stage, see fct_order_stages. The last months change, because their orders go on. Orders without inserted_at
are in no month.

kind: aggregate
key: month
groups: date_trunc('month', received_on) of intermediate.int_orders

month: First day of the month of inserted_at, in the reporting time zone.
orders_received: Orders of the month: the sum of orders_ported, orders_rejected, orders_canceled and orders_open.
orders_answered: Of these, orders with a first answer: an authorization, silence or our rejection.
orders_accepted_first: Of orders_answered, those whose first answer was an authorization, by us or by silence.
orders_accepted_by_silence: Of orders_accepted_first, those that silence authorized, an estimate.
orders_foc_confirmed: Orders that were authorized or ported and have a confirmed day (FOC).
orders_ported: Orders that are ported now, some of them perhaps without a confirmed day.
orders_rejected: Orders that are rejected now.
orders_canceled: Orders that are canceled now.
orders_open: Orders in any other status.
orders_ported_on_time: Of orders_ported, those ported by foc_grace_until_on, also before foc_on.
orders_ported_past_grace: Of orders_ported, those ported later. In neither count: ported at an unknown time, or without
    a confirmed day.
orders_commented: Orders with a comment, see fct_comments.
first_pass_acceptance: orders_accepted_first divided by orders_answered, 0 to 1. Silence counts as acceptance; null
    without answers.
on_time_share: orders_ported_on_time divided by the sum of it and orders_ported_past_grace, 0 to 1; null if both are 0.
p50_answer_hours: Median hours from receipt to the first answer.
p90_answer_hours: 90th percentile of these hours.
p50_foc_hours: Median hours from the first answer to the confirmation of a day. 0 if most orders are accepted at once.
p90_foc_hours: 90th percentile of these hours.
p50_port_hours: Median hours from the confirmation of a day to the port-out.
p90_port_hours: 90th percentile of these hours.
p50_total_hours: Median hours from receipt to the port-out.
p90_total_hours: 90th percentile of these hours.
p50_first_comment_hours: Median hours from receipt to the first comment, of orders with a comment.
p90_first_comment_hours: 90th percentile of these hours.
*/
with orders as (
    select
        cast(date_trunc('month', orders.received_on) as date) as month,
        orders.status,
        orders.is_open,
        orders.is_past_grace,
        stages.first_answer,
        stages.is_foc_confirmed,
        stages.answer_hours,
        stages.foc_hours,
        stages.port_hours,
        stages.total_hours,
        stages.comment_count,
        stages.first_comment_hours,
    from intermediate.int_orders as orders
    inner join marts.fct_order_stages as stages on stages.portout_id = orders.portout_id
    where orders.received_on is not null
),

counts as (
    select
        month,
        count(*) as orders_received,
        count(first_answer) as orders_answered,
        count(case when first_answer in ('authorized', 'authorized_automatically') then 1 end) as orders_accepted_first,
        count(case when first_answer = 'authorized_automatically' then 1 end) as orders_accepted_by_silence,
        count(case when is_foc_confirmed then 1 end) as orders_foc_confirmed,
        count(case when status = 'ported' then 1 end) as orders_ported,
        count(case when status = 'rejected' then 1 end) as orders_rejected,
        count(case when status = 'canceled' then 1 end) as orders_canceled,
        count(case when is_open then 1 end) as orders_open,
        count(case when not is_past_grace then 1 end) as orders_ported_on_time,
        count(case when is_past_grace then 1 end) as orders_ported_past_grace,
        count(case when comment_count > 0 then 1 end) as orders_commented,
    from orders
    group by month
),

measures as (
    select month, 'answer' as measure, answer_hours as hours from orders where answer_hours is not null
    union all
    select month, 'foc', foc_hours from orders where foc_hours is not null
    union all
    select month, 'port', port_hours from orders where port_hours is not null
    union all
    select month, 'total', total_hours from orders where total_hours is not null
    union all
    select month, 'comment', first_comment_hours from orders where first_comment_hours is not null
),

ranked as (
    select
        month,
        measure,
        hours,
        row_number() over (partition by month, measure order by hours) - 1 as orders_below,
        count(*) over (partition by month, measure) - 1 as others,
    from measures
),

-- Percentiles are interpolated, see int_response_latencies.
weighted as (
    select
        month,
        measure,
        hours * greatest(1 - abs(orders_below - 0.5e0 * others), 0) as p50_part,
        hours * greatest(1 - abs(orders_below - 0.9e0 * others), 0) as p90_part,
    from ranked
),

percentiles as (
    select
        month,
        sum(case when measure = 'answer' then p50_part end) as p50_answer_hours,
        sum(case when measure = 'answer' then p90_part end) as p90_answer_hours,
        sum(case when measure = 'foc' then p50_part end) as p50_foc_hours,
        sum(case when measure = 'foc' then p90_part end) as p90_foc_hours,
        sum(case when measure = 'port' then p50_part end) as p50_port_hours,
        sum(case when measure = 'port' then p90_part end) as p90_port_hours,
        sum(case when measure = 'total' then p50_part end) as p50_total_hours,
        sum(case when measure = 'total' then p90_part end) as p90_total_hours,
        sum(case when measure = 'comment' then p50_part end) as p50_first_comment_hours,
        sum(case when measure = 'comment' then p90_part end) as p90_first_comment_hours,
    from weighted
    group by month
)

select
    counts.month,
    counts.orders_received,
    counts.orders_answered,
    counts.orders_accepted_first,
    counts.orders_accepted_by_silence,
    counts.orders_foc_confirmed,
    counts.orders_ported,
    counts.orders_rejected,
    counts.orders_canceled,
    counts.orders_open,
    counts.orders_ported_on_time,
    counts.orders_ported_past_grace,
    counts.orders_commented,
    counts.orders_accepted_first / cast(nullif(counts.orders_answered, 0) as double) as first_pass_acceptance,
    counts.orders_ported_on_time
        / cast(nullif(counts.orders_ported_on_time + counts.orders_ported_past_grace, 0) as double) as on_time_share,
    percentiles.p50_answer_hours,
    percentiles.p90_answer_hours,
    percentiles.p50_foc_hours,
    percentiles.p90_foc_hours,
    percentiles.p50_port_hours,
    percentiles.p90_port_hours,
    percentiles.p50_total_hours,
    percentiles.p90_total_hours,
    percentiles.p50_first_comment_hours,
    percentiles.p90_first_comment_hours,
from counts
left join percentiles on percentiles.month = counts.month
