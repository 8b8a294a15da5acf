-- Which carriers gain them?
-- Only a share of exactly 1 is shown as 100, and only a share of exactly 0 as 0.
with gained as (
    select
        rank,
        carrier_name,
        orders_ported,
        numbers_ported,
        share_of_numbers,
        rejection_rate,
        median_response_hours,
        case when share_of_numbers < 1 then 99.9 else 100 end as most_share,
        case when share_of_numbers > 0 then 0.1 else 0 end as least_share,
        case when rejection_rate < 1 then 99.9 else 100 end as most_rejected,
        case when rejection_rate > 0 then 0.1 else 0 end as least_rejected,
    from marts.agg_carriers_gained
)

select
    carrier_name,
    orders_ported,
    numbers_ported,
    least(greatest(round(100 * share_of_numbers, 1), least_share), most_share) as share_percent,
    case
        when rejection_rate is not null
        then least(greatest(round(100 * rejection_rate, 1), least_rejected), most_rejected)
    end as rejected_percent,
    round(median_response_hours, 1) as median_response_hours,
from gained
order by rank
limit 10
