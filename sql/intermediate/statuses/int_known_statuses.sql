/*
One row per status that Telnyx documents, with its place in the life of an order. An undocumented status counts as open,
at stage 2, and an order can become pending again after it.

kind: view
key: status

status: Telnyx's name of the status.
stage: Stage in the life of an order: 0 pending, 1 rejected-pending, 2 authorized, 3 a final status.
is_final: Whether the order ends with it: ported, rejected or canceled.
can_reopen: Whether the order can become pending again after it.
*/
select status, stage, is_final, can_reopen
from (
    values
    ('pending', 0, false, false),
    ('rejected-pending', 1, false, true),
    ('authorized', 2, false, false),
    ('rejected', 3, true, true),
    ('canceled', 3, true, false),
    ('ported', 3, true, false)
) as statuses (status, stage, is_final, can_reopen)
