/*
One row per rejection code, and one row for rejections whose code is unknown: old ones, and those that Telnyx had
overwritten before a sync saw them.

kind: aggregate
key: rejection_code

rejection_code: Telnyx's code; null if it is unknown.
rejections: Rejections.
by_us: Rejections by us.
at_intake: Rejections directly from pending, not by us. The few rejections that are neither by_us nor at_intake followed
    another status.
upheld: Rejections that were upheld.
reopened: Rejections after which the order continued.
canceled: Rejections after which the gaining side canceled the order.
undecided: Rejections by us that are still under review.
other_outcome: Rejections with an undocumented next status.
orders: Distinct orders.
*/
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
from grouped
