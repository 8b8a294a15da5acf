create or replace view marts.fct_status_changes as
select
    orders.portout_id,
    changes.change_number,
    statuses.status,
    changes.began_at,
    changes.ended_at,
    previous_statuses.status as previous_status,
    next_statuses.status as next_status,
    measures.measured_by,
    next_measures.measured_by as next_measured_by,
from staging.int_status_changes as changes
inner join staging.int_orders as orders on orders.order_number = changes.order_number
inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
inner join staging.int_measures as measures on measures.measure_code = changes.measure_code
left join staging.int_statuses as previous_statuses on previous_statuses.status_code = changes.previous_code
left join staging.int_statuses as next_statuses on next_statuses.status_code = changes.next_code
left join staging.int_measures as next_measures on next_measures.measure_code = changes.next_measure_code;

comment on view marts.fct_status_changes is 'One row per status that an order took. Every order begins as pending at inserted_at; then come its status events, without any the observations of our syncs; last its current status, if these do not end with it. Equal neighbours are one row.';
comment on column marts.fct_status_changes.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_status_changes.change_number is 'Counts an order''s statuses from 1.';
comment on column marts.fct_status_changes.status is 'Status taken; ''unknown'' where the API gave none.';
comment on column marts.fct_status_changes.began_at is 'When it began. Observed: when a sync first saw it, or as_of where none did; an upper bound.';
comment on column marts.fct_status_changes.ended_at is 'When the next status began; null for the current one.';
comment on column marts.fct_status_changes.previous_status is 'Status that it followed; null for the first.';
comment on column marts.fct_status_changes.next_status is 'Status that followed; null for the current one.';
comment on column marts.fct_status_changes.measured_by is 'What began_at rests on: event (or intake), observation, or unknown: the very first sync found it so, and no event tells since when.';
comment on column marts.fct_status_changes.next_measured_by is 'What ended_at rests on; null for the current status.';
