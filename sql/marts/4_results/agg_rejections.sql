create or replace table marts.agg_rejections as
with rejections as (
    select portout_id, rejection_code, rejected_by, outcome
    from marts.fct_rejections
),

grouped as (
    select
        rejection_code,
        count(*) as rejections,
        count(case when rejected_by = 'us' then 1 end) as by_us,
        count(case when rejected_by = 'intake' then 1 end) as at_intake,
        count(case when outcome = 'upheld' then 1 end) as upheld,
        count(case when outcome = 'reopened' then 1 end) as reopened,
        count(case when outcome = 'canceled' then 1 end) as canceled,
        count(case when outcome = 'undecided' then 1 end) as undecided,
        count(case when outcome = 'other' then 1 end) as other_outcome,
        count(distinct portout_id) as orders,
    from rejections
    group by rejection_code
)

select rejection_code, rejections, by_us, at_intake, upheld, reopened, canceled, undecided, other_outcome, orders
from grouped;

comment on table marts.agg_rejections is 'One row per rejection code, and one row for rejections whose code is unknown: old ones, and all but the last of an order.';
comment on column marts.agg_rejections.rejection_code is 'Telnyx''s code; null if it is unknown.';
comment on column marts.agg_rejections.rejections is 'Rejections.';
comment on column marts.agg_rejections.by_us is 'Rejections by us.';
comment on column marts.agg_rejections.at_intake is 'Rejections directly from pending, not by us. The few rejections that are neither by_us nor at_intake followed another status.';
comment on column marts.agg_rejections.upheld is 'Rejections that were upheld.';
comment on column marts.agg_rejections.reopened is 'Rejections after which the order continued.';
comment on column marts.agg_rejections.canceled is 'Rejections after which the gaining side canceled the order.';
comment on column marts.agg_rejections.undecided is 'Rejections by us that are still under review.';
comment on column marts.agg_rejections.other_outcome is 'Rejections with an undocumented next status.';
comment on column marts.agg_rejections.orders is 'Distinct orders.';
