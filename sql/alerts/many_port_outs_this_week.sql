-- More than twice as many orders were ported this week as in the median week.
-- key: week
-- The median covers up to 26 whole weeks before the week of as_of. With fewer than 5 port-outs, or fewer than 4 weeks
-- to compare with, no row is returned.
with weeks as (
    select days.week, sum(daily.orders_ported) as orders_ported, sum(daily.numbers_ported) as numbers_ported
    from marts.agg_portouts_daily as daily
    inner join marts.dim_days as days on days.day = daily.day
    group by days.week
),

this_week as (
    select week, orders_ported, numbers_ported
    from weeks
    order by week desc
    limit 1
),

-- The first week is left out: the data may begin in its middle.
before as (
    select week, orders_ported
    from weeks
    where week < (select week from this_week) and week > (select min(week) from weeks)
    order by week desc
    limit 26
),

usual as (
    select median(orders_ported) as median_orders, count(*) as weeks
    from before
)

select
    this_week.week,
    cast(this_week.orders_ported as bigint) as port_outs,
    cast(this_week.numbers_ported as bigint) as numbers,
    usual.median_orders as port_outs_in_the_median_week,
from this_week
inner join usual on usual.weeks >= 4 and this_week.orders_ported > 2 * usual.median_orders
where this_week.orders_ported >= 5
