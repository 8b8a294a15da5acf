-- A sum in marts.agg_portouts_rolling differs from the sum of its days: please report it.
with last_day as (
    select max(day) as day
    from marts.agg_portouts_daily
),

sums as (
    select
        sum(case when date_diff('day', daily.day, last_day.day) < 7 then daily.orders_received else 0 end) as received_7d,
        sum(case when date_diff('day', daily.day, last_day.day) < 28 then daily.numbers_ported else 0 end) as ported_28d,
    from marts.agg_portouts_daily as daily
    cross join last_day
)

select rolling.day
from marts.agg_portouts_rolling as rolling
inner join last_day on last_day.day = rolling.day
cross join sums
where rolling.orders_received_7d <> sums.received_7d or rolling.numbers_ported_28d <> sums.ported_28d
union all
select last_day.day
from last_day
where (select count(*) from marts.agg_portouts_rolling) <> (select count(*) from marts.agg_portouts_daily);
