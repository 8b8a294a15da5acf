-- marts.agg_portouts_monthly and agg_portouts_daily disagree on a total: please report it.
with months as (
    select
        sum(orders_received) as received,
        sum(numbers_ported) as numbers_ported,
        max(case when position = 1 then orders_open end) as orders_open,
        sum(case when orders_ported_by_range > orders_ported or numbers_ported_by_range > numbers_ported then 1 else 0 end)
            as odd_months,
    from (
        select months.*, row_number() over (order by month desc) as position
        from marts.agg_portouts_monthly as months
    ) as months
),

days as (
    select
        sum(orders_received) as received,
        sum(numbers_ported) as numbers_ported,
        max(case when position = 1 then orders_open end) as orders_open,
    from (
        select days.*, row_number() over (order by day desc) as position
        from marts.agg_portouts_daily as days
    ) as days
)

select 'all months' as month, months.*, days.received as received_on_days, days.numbers_ported as ported_on_days
from months
cross join days
where
    months.received <> days.received
    or months.numbers_ported <> days.numbers_ported
    or months.orders_open <> days.orders_open
    or months.odd_months > 0
