/*
One row per curve, breakdown, its month or value, and length after which something ended or is observed no longer: the
Kaplan-Meier estimate of the share that lasts longer.

kind: view
key: curve, breakdown, month, value, duration

curve: What lasts, and in which unit, see int_durations.
duration: Length.
at_risk: Things that lasted at least this long and are observed at this length.
ended: Of these, ended after exactly this length.
censored: Of these, observed no longer.
lasting_share: Estimated share that lasts longer, 0 to 1.
*/
with points as (
    select curve, breakdown, month, value, duration, 1 as leaving, 0 as entering, is_ended
    from intermediate.int_durations
    union all
    select curve, breakdown, month, value, entered, 0, 1, false
    from intermediate.int_durations
    where entered is not null
),

counted as (
    select
        curve,
        breakdown,
        month,
        value,
        duration,
        cast(sum(leaving) as bigint) as leaving,
        cast(sum(entering) as bigint) as entering,
        count(case when is_ended then 1 end) as ended,
    from points
    group by curve, breakdown, month, value, duration
),

-- At risk is what lasts at least as long, without what is observed from a greater length on only.
at_risk as (
    select
        curve,
        breakdown,
        month,
        value,
        duration,
        entering + cast(
            sum(leaving - entering) over (partition by curve, breakdown, month, value order by duration desc) as bigint
        ) as at_risk,
        ended,
        leaving - ended as censored,
        leaving,
    from counted
),

-- If all at risk end at once, the share is 0 from there on, and the logarithm is undefined.
shares as (
    select
        curve,
        breakdown,
        month,
        value,
        duration,
        at_risk,
        ended,
        censored,
        max(case when ended = at_risk then 1 else 0 end) over (
            partition by curve, breakdown, month, value order by duration
        ) as is_none_left,
        sum(case when ended < at_risk then ln(1 - ended / cast(at_risk as double)) end) over (
            partition by curve, breakdown, month, value order by duration
        ) as log_of_share,
    from at_risk
    where leaving > 0
)

select
    curve,
    breakdown,
    month,
    value,
    duration,
    at_risk,
    ended,
    censored,
    case when is_none_left = 1 then 0 else exp(log_of_share) end as lasting_share,
from shares
