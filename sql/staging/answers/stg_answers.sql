/*
One row per attempt to answer an order with `portouts authorize` or `portouts reject`.

kind: view
key: attempt_id
*/
select
    attempt_id,
    sent_at,
    finished_at,
    user_name,
    host_name,
    portout_id,
    account,
    support_key,
    answer,
    rejection_code,
    reason,
    status_before,
    status_after,
    outcome,
    detail,
from raw.answers
