-- The curve of agg_number_tenure rises, or has more numbers than are at risk: please report it.
with steps as (
    select
        breakdown,
        value,
        days,
        at_risk,
        ported,
        censored,
        still_held_share,
        lag(still_held_share, 1, 1) over (partition by breakdown, value order by days) as share_before,
    from marts.agg_number_tenure
)

select breakdown, value, days, at_risk, ported, censored, still_held_share, share_before
from steps
where still_held_share > share_before + 1e-9
    or still_held_share < 0
    or ported + censored > at_risk
