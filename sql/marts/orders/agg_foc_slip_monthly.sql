/*
One row per month in which orders were ported: how many days the port-out differed from the confirmed day (FOC, firm
order commitment), both from the last and from the first confirmed one. Days are those of the time zone of the order's
first number. Ported orders of unknown time are in no month.

kind: aggregate
key: month
groups: date_trunc('month', ported_on) of intermediate.int_orders

month: First day of the month of ported_at, in the reporting time zone.
orders_ported: Orders ported in the month.
with_foc: Of these, orders with a confirmed day: the sum of early, on_day and late.
early: Orders ported before the confirmed day.
on_day: Orders ported on the confirmed day.
late: Orders ported after the confirmed day.
past_grace: Of the late ones, those ported more than ten days after the confirmed day, when the grace period was over.
p50_slip_days: Median days from the confirmed day to the port-out; negative is early.
p90_slip_days: 90th percentile of these days.
max_slip_days: Most days after the confirmed day.
rescheduled: Orders whose confirmed day changed at least once.
late_at_first: Orders ported after the first day that was confirmed.
p50_first_slip_days: Median days from the first confirmed day to the port-out.
p90_first_slip_days: 90th percentile of these days.
max_first_slip_days: Most days after the first confirmed day.
p50_lead_days: Median days from the day received to the confirmed day.
p90_lead_days: 90th percentile of these days.
*/
with orders as (
    select
        days.month,
        orders.foc_lead_days,
        orders.foc_slip_days,
        orders.first_foc_slip_days,
        orders.foc_change_count,
        orders.is_past_grace,
    from intermediate.int_orders as orders
    inner join staging.calendar_days as days on days.day = orders.ported_on
),

counts as (
    select
        month,
        count(*) as orders_ported,
        count(foc_slip_days) as with_foc,
        count(case when foc_slip_days < 0 then 1 end) as early,
        count(case when foc_slip_days = 0 then 1 end) as on_day,
        count(case when foc_slip_days > 0 then 1 end) as late,
        count(case when is_past_grace then 1 end) as past_grace,
        max(foc_slip_days) as max_slip_days,
        count(case when foc_change_count > 0 then 1 end) as rescheduled,
        count(case when first_foc_slip_days > 0 then 1 end) as late_at_first,
        max(first_foc_slip_days) as max_first_slip_days,
    from orders
    group by month
),

measures as (
    select month, 'slip' as measure, foc_slip_days as days
    from orders
    where foc_slip_days is not null
    union all
    select month, 'first slip', first_foc_slip_days
    from orders
    where first_foc_slip_days is not null
    union all
    select month, 'lead', foc_lead_days
    from orders
    where foc_lead_days is not null
),

ranked as (
    select
        month,
        measure,
        days,
        row_number() over (partition by month, measure order by days) - 1 as orders_below,
        count(*) over (partition by month, measure) - 1 as others,
    from measures
),

-- Percentiles are interpolated, see int_response_latencies.
percentiles as (
    select
        month,
        measure,
        sum(cast(days as double) * greatest(1 - abs(orders_below - 0.5e0 * others), 0)) as p50_days,
        sum(cast(days as double) * greatest(1 - abs(orders_below - 0.9e0 * others), 0)) as p90_days,
    from ranked
    group by month, measure
)

select
    counts.month, counts.orders_ported, counts.with_foc, counts.early, counts.on_day, counts.late, counts.past_grace,
    slips.p50_days as p50_slip_days,
    slips.p90_days as p90_slip_days,
    counts.max_slip_days, counts.rescheduled, counts.late_at_first,
    first_slips.p50_days as p50_first_slip_days,
    first_slips.p90_days as p90_first_slip_days,
    counts.max_first_slip_days,
    leads.p50_days as p50_lead_days,
    leads.p90_days as p90_lead_days,
from counts
left join percentiles as slips on slips.month = counts.month and slips.measure = 'slip'
left join percentiles as first_slips on first_slips.month = counts.month and first_slips.measure = 'first slip'
left join percentiles as leads on leads.month = counts.month and leads.measure = 'lead'
