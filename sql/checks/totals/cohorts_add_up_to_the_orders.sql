-- marts.agg_cohorts_weekly lacks orders or counts some twice: please report it.
with cohorts as (
    select coalesce(sum(orders_received), 0) as orders_received
    from marts.agg_cohorts_weekly
),

orders as (
    select count(received_on) as orders_received
    from marts.fct_portouts
)

select 'all weeks' as week, cohorts.orders_received, orders.orders_received as in_facts
from cohorts
cross join orders
where cohorts.orders_received <> orders.orders_received
union all
select cast(week as varchar), ported_30d, orders_received
from marts.agg_cohorts_weekly
where ported_7d > ported_14d or ported_14d > ported_30d or ported_30d > orders_received;
