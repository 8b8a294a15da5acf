-- marts.agg_port_out_rate_monthly lacks numbers or counts some twice: please report it.
with summed as (
    select
        month,
        breakdown,
        sum(numbers_in_service) as numbers_in_service,
        sum(numbers_ported) as numbers_ported,
    from marts.agg_port_out_rate_monthly
    group by month, breakdown
)

select summed.month, summed.breakdown, summed.numbers_in_service, summed.numbers_ported
from summed
left join summed as totals on totals.month = summed.month and totals.breakdown = 'all'
where summed.numbers_in_service <> coalesce(totals.numbers_in_service, 0)
    or summed.numbers_ported <> coalesce(totals.numbers_ported, 0)
