/*
One row per attempt to answer an order with `portouts authorize` or `portouts reject`, newest first. It does not
include answers given in Telnyx's portal.

kind: view
key: attempt_id

status: Current status of the order, as of the last sync or a later answer; null if no sync has read the order.
*/
select
    answers.attempt_id,
    answers.sent_at,
    answers.finished_at,
    answers.user_name,
    answers.host_name,
    answers.portout_id,
    answers.account,
    answers.support_key,
    answers.answer,
    answers.rejection_code,
    answers.reason,
    answers.status_before,
    answers.status_after,
    answers.outcome,
    answers.detail,
    orders.status,
from staging.stg_answers as answers
left join staging.stg_portouts as orders on orders.portout_id = answers.portout_id
order by answers.sent_at desc, answers.attempt_id
