-- marts.fct_rejections lacks rejections or has some twice: run `portouts models`; if it remains, please report it.
with changes as (
    select count(*) as rejections
    from marts.fct_status_changes
    where status = 'rejected-pending' or (status = 'rejected' and previous_status <> 'rejected-pending')
),

facts as (
    select count(*) as rejections
    from marts.fct_rejections
),

codes as (
    select
        coalesce(sum(rejections), 0) as rejections,
        coalesce(sum(upheld + reopened + canceled + undecided + other_outcome), 0) as outcomes,
    from marts.agg_rejections
)

select 'all rejections' as portout_id, changes.rejections, facts.rejections as in_facts, codes.rejections as by_code
from changes
cross join facts
cross join codes
where facts.rejections <> changes.rejections
    or codes.rejections <> changes.rejections
    or codes.outcomes <> changes.rejections;
