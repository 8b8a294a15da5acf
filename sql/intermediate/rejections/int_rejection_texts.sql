/*
One row per rejection with evidence of its code or reason: the last of each that was seen while the order was rejected.

kind: per order temporary
key: portout_id, rejection_number
*/
with evidence as (
    select
        portout_id,
        rejection_number,
        rejection_code,
        rejection_reason,
        max(case when rejection_code is not null then evidence_number end)
            over (partition by portout_id, rejection_number) as number_of_code,
        max(case when rejection_reason is not null then evidence_number end)
            over (partition by portout_id, rejection_number) as number_of_reason,
        evidence_number,
    from intermediate.int_rejection_evidence
    where rejection_number is not null
)

select
    portout_id,
    rejection_number,
    max(case when evidence_number = number_of_code then rejection_code end) as rejection_code,
    max(case when evidence_number = number_of_reason then rejection_reason end) as rejection_reason,
from evidence
group by portout_id, rejection_number
