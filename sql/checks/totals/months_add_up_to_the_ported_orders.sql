-- agg_carriers_gained_monthly and fct_portouts disagree on a total: please report it.
with monthly as (
    select coalesce(sum(orders_ported), 0) as ported, coalesce(sum(numbers_ported), 0) as numbers_ported
    from marts.agg_carriers_gained_monthly
),

expected as (
    select
        count(*) as ported,
        coalesce(sum(number_count), 0) as numbers_ported,
    from marts.fct_portouts
    where ported_at is not null
)

select 'all months' as what, monthly.*, expected.*
from monthly
cross join expected
where monthly.ported <> expected.ported or monthly.numbers_ported <> expected.numbers_ported
