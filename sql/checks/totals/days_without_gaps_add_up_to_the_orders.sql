-- agg_portouts_daily and fct_portouts disagree on a total: please report it.
with daily as (
    select
        sum(orders_received) as received,
        sum(numbers_received) as numbers_received,
        sum(orders_ported) as ported,
        sum(numbers_ported) as numbers_ported,
        sum(orders_rejected) as rejected,
        sum(orders_canceled) as canceled,
        count(*) as days,
        date_diff('day', min(day), max(day)) + 1 as days_expected,
    from marts.agg_portouts_daily
),

expected as (
    select
        count(inserted_at) as received,
        coalesce(sum(case when inserted_at is not null then number_count end), 0) as numbers_received,
        count(ported_at) as ported,
        coalesce(sum(case when ported_at is not null then number_count end), 0) as numbers_ported,
        count(case when status = 'rejected' then 1 end) as rejected,
        count(case when status = 'canceled' then 1 end) as canceled,
    from marts.fct_portouts
)

select 'all days' as what, daily.*, expected.*
from daily
cross join expected
where
    daily.received <> expected.received
    or daily.numbers_received <> expected.numbers_received
    or daily.ported <> expected.ported
    or daily.numbers_ported <> expected.numbers_ported
    or daily.rejected <> expected.rejected
    or daily.canceled <> expected.canceled
    or daily.days <> daily.days_expected
