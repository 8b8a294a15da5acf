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
ported_after_all: Rejections whose order is ported now.
ported_with_a_later_order: Other rejections of which a number was ported with an order that was received later.
*/
with rejections as (
    select
        rejections.portout_id,
        rejections.rejection_code,
        rejections.rejected_by,
        rejections.outcome,
        orders.inserted_at,
        coalesce(orders.status = 'ported', false) as is_ported,
    from marts.fct_rejections as rejections
    inner join intermediate.int_orders as orders on orders.portout_id = rejections.portout_id
),

rejected_numbers as (
    select numbers.phone_number, rejections.portout_id, rejections.inserted_at
    from rejections
    inner join staging.stg_phone_numbers as numbers on numbers.portout_id = rejections.portout_id
    where not rejections.is_ported and numbers.phone_number is not null
),

last_ported_orders as (
    select numbers.phone_number, max(orders.inserted_at) as inserted_at
    from staging.stg_phone_numbers as numbers
    inner join intermediate.int_orders as orders on orders.portout_id = numbers.portout_id
    where orders.status = 'ported' and numbers.phone_number in (select phone_number from rejected_numbers)
    group by numbers.phone_number
),

-- Rejected orders of which a number was ported with a later order.
left_later as (
    select rejected_numbers.portout_id
    from rejected_numbers
    inner join last_ported_orders as later on later.phone_number = rejected_numbers.phone_number
    where later.inserted_at > rejected_numbers.inserted_at
    group by rejected_numbers.portout_id
),

grouped as (
    select
        rejections.rejection_code,
        count(*) as rejections,
        count(case when rejections.rejected_by = 'us' then 1 end) as by_us,
        count(case when rejections.rejected_by = 'intake' then 1 end) as at_intake,
        count(case when rejections.outcome = 'upheld' then 1 end) as upheld,
        count(case when rejections.outcome = 'reopened' then 1 end) as reopened,
        count(case when rejections.outcome = 'canceled' then 1 end) as canceled,
        count(case when rejections.outcome = 'undecided' then 1 end) as undecided,
        count(case when rejections.outcome = 'other' then 1 end) as other_outcome,
        count(distinct rejections.portout_id) as orders,
        count(case when rejections.is_ported then 1 end) as ported_after_all,
        count(left_later.portout_id) as ported_with_a_later_order,
    from rejections
    left join left_later on left_later.portout_id = rejections.portout_id
    group by rejections.rejection_code
)

select
    rejection_code, rejections, by_us, at_intake, upheld, reopened, canceled, undecided, other_outcome, orders,
    ported_after_all, ported_with_a_later_order,
from grouped
