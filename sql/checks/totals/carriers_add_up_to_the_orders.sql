-- agg_carriers_gained and fct_portouts disagree on a total: please report it.
with carriers as (
    select
        count(*) as carriers,
        count(distinct carrier_id) as distinct_carriers,
        coalesce(sum(orders_received), 0) as received,
        coalesce(sum(orders_ported), 0) as ported,
        coalesce(sum(numbers_ported), 0) as numbers_ported,
        coalesce(sum(share_of_numbers), 1) as share,
    from marts.agg_carriers_gained
),

expected as (
    select
        count(distinct carrier_id) as carriers,
        count(*) as received,
        count(case when status = 'ported' then 1 end) as ported,
        coalesce(sum(case when status = 'ported' then number_count end), 0) as numbers_ported,
    from marts.fct_portouts
)

select 'all carriers' as what, carriers.*, expected.*
from carriers
cross join expected
where
    carriers.carriers <> expected.carriers
    or carriers.distinct_carriers <> expected.carriers
    or carriers.received <> expected.received
    or carriers.ported <> expected.ported
    or carriers.numbers_ported <> expected.numbers_ported
    or abs(carriers.share - 1) > 1e-6
