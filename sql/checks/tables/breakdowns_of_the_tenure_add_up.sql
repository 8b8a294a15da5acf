-- marts.agg_number_tenure lacks numbers or counts some twice: please report it.
with summed as (
    select breakdown, sum(ported) as ported, sum(censored) as censored
    from marts.agg_number_tenure
    group by breakdown
),

expected as (
    select count(case when is_ported then 1 end) as ported, count(case when not is_ported then 1 end) as censored
    from intermediate.int_number_tenures
)

select breakdowns.breakdown, summed.ported, summed.censored
from (select 'all' as breakdown union all select 'country' union all select 'type') as breakdowns
cross join expected
left join summed on summed.breakdown = breakdowns.breakdown
where coalesce(summed.ported, 0) <> expected.ported
    or coalesce(summed.censored, 0) <> expected.censored
