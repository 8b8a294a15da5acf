create or replace table marts.agg_foc_slip_monthly as
with orders as (
    select cast(date_trunc('month', ported_on) as date) as month, foc_lead_days, foc_slip_days,
        first_foc_slip_days, foc_changes,
    from staging.int_orders
    where ported_on is not null
),

grouped as (
    select
        month,
        count(*) as orders_ported,
        count(foc_slip_days) as with_foc,
        count(case when foc_slip_days < 0 then 1 end) as early,
        count(case when foc_slip_days = 0 then 1 end) as on_day,
        count(case when foc_slip_days > 0 then 1 end) as late,
        percentile_cont(0.5) within group (order by foc_slip_days) as p50_slip_days,
        percentile_cont(0.9) within group (order by foc_slip_days) as p90_slip_days,
        max(foc_slip_days) as max_slip_days,
        count(case when foc_changes > 0 then 1 end) as rescheduled,
        count(case when first_foc_slip_days > 0 then 1 end) as late_at_first,
        percentile_cont(0.5) within group (order by first_foc_slip_days) as p50_first_slip_days,
        percentile_cont(0.9) within group (order by first_foc_slip_days) as p90_first_slip_days,
        max(first_foc_slip_days) as max_first_slip_days,
        percentile_cont(0.5) within group (order by foc_lead_days) as p50_lead_days,
        percentile_cont(0.9) within group (order by foc_lead_days) as p90_lead_days,
    from orders
    group by month
)

select
    month, orders_ported, with_foc, early, on_day, late, p50_slip_days, p90_slip_days, max_slip_days,
    rescheduled, late_at_first, p50_first_slip_days, p90_first_slip_days, max_first_slip_days, p50_lead_days, p90_lead_days,
from grouped;

comment on table marts.agg_foc_slip_monthly is 'One row per month in which orders were ported: how many days the port-out differed from the confirmed day (FOC, firm order commitment), both from the last and from the first confirmed one. Days are those of the time zone of the order''s first number. Ported orders of unknown time are in no month.';
comment on column marts.agg_foc_slip_monthly.month is 'First day of the month of ported_at, in the reporting time zone.';
comment on column marts.agg_foc_slip_monthly.orders_ported is 'Orders ported in the month.';
comment on column marts.agg_foc_slip_monthly.with_foc is 'Of these, orders with a confirmed day: the sum of early, on_day and late.';
comment on column marts.agg_foc_slip_monthly.early is 'Orders ported before the confirmed day.';
comment on column marts.agg_foc_slip_monthly.on_day is 'Orders ported on the confirmed day.';
comment on column marts.agg_foc_slip_monthly.late is 'Orders ported after the confirmed day.';
comment on column marts.agg_foc_slip_monthly.p50_slip_days is 'Median days from the confirmed day to the port-out; negative is early.';
comment on column marts.agg_foc_slip_monthly.p90_slip_days is '90th percentile of these days.';
comment on column marts.agg_foc_slip_monthly.max_slip_days is 'Most days after the confirmed day.';
comment on column marts.agg_foc_slip_monthly.rescheduled is 'Orders whose confirmed day changed at least once.';
comment on column marts.agg_foc_slip_monthly.late_at_first is 'Orders ported after the first day that was confirmed.';
comment on column marts.agg_foc_slip_monthly.p50_first_slip_days is 'Median days from the first confirmed day to the port-out.';
comment on column marts.agg_foc_slip_monthly.p90_first_slip_days is '90th percentile of these days.';
comment on column marts.agg_foc_slip_monthly.max_first_slip_days is 'Most days after the first confirmed day.';
comment on column marts.agg_foc_slip_monthly.p50_lead_days is 'Median days from the day received to the confirmed day.';
comment on column marts.agg_foc_slip_monthly.p90_lead_days is '90th percentile of these days.';
