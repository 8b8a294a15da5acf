create or replace view marts.fct_status_changes as
select
    orders.portout_id,
    changes.change_number,
    statuses.status,
    changes.began_at,
    changes.ended_at,
    previous_statuses.status as previous_status,
    next_statuses.status as next_status,
    evidence.measured_by,
    next_evidence.measured_by as next_measured_by,
from staging.int_status_changes as changes
inner join staging.int_orders as orders on orders.order_number = changes.order_number
inner join staging.int_statuses as statuses on statuses.status_code = changes.status_code
inner join staging.int_evidence as evidence on evidence.evidence_code = changes.evidence_code
left join staging.int_statuses as previous_statuses on previous_statuses.status_code = changes.previous_code
left join staging.int_statuses as next_statuses on next_statuses.status_code = changes.next_code
left join staging.int_evidence as next_evidence on next_evidence.evidence_code = changes.next_evidence_code;

comment on view marts.fct_status_changes is 'One row per status of an order. The first row is pending at inserted_at. The next rows are the status events of the order or, if it has none, the observations of our syncs. The current status is added if it differs from the last of these. Equal neighbours are one row.';
comment on column marts.fct_status_changes.portout_id is 'Telnyx''s id of the order.';
comment on column marts.fct_status_changes.change_number is 'Number of the status within its order, from 1.';
comment on column marts.fct_status_changes.status is 'Status; ''unknown'' if the API gave none.';
comment on column marts.fct_status_changes.began_at is 'When the status began. If it is observed: when a sync first saw it, or as_of if none did; an upper bound.';
comment on column marts.fct_status_changes.ended_at is 'When the next status began; null for the current one.';
comment on column marts.fct_status_changes.previous_status is 'Previous status; null for the first.';
comment on column marts.fct_status_changes.next_status is 'Next status; null for the current one.';
comment on column marts.fct_status_changes.measured_by is 'Evidence for began_at: event (or the receipt of the order); observation; unknown (the order had the status at the very first sync and has no event).';
comment on column marts.fct_status_changes.next_measured_by is 'Evidence for ended_at; null for the current status.';
