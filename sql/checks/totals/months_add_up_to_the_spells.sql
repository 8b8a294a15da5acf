-- agg_response_latency_monthly and fct_responses disagree on a total: please report it.
with monthly as (
    select
        coalesce(sum(spells), 0) as spells,
        coalesce(sum(responded), 0) as responded,
        coalesce(sum(timed), 0) as timed,
        coalesce(sum(open), 0) as open,
    from intermediate.int_response_latencies
),

expected as (
    select
        count(*) as spells,
        count(case when not is_censored then 1 end) as responded,
        count(case when not is_censored then response_hours end) as timed,
        count(case when response = 'open' then 1 end) as open,
    from marts.fct_responses
    where pending_at is not null
)

select 'all months' as what, monthly.*, expected.*
from monthly
cross join expected
where
    monthly.spells <> expected.spells
    or monthly.responded <> expected.responded
    or monthly.timed <> expected.timed
    or monthly.open <> expected.open
