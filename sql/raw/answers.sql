create table if not exists raw.answers (
    attempt_id varchar not null,
    sent_at timestamptz not null,
    finished_at timestamptz,
    user_name varchar,
    host_name varchar,
    portout_id varchar not null,
    support_key varchar,
    answer varchar not null,
    rejection_code bigint,
    reason varchar,
    status_before varchar,
    status_after varchar,
    outcome varchar not null,
    detail varchar
);

-- Columns that later versions added.
alter table raw.answers add column if not exists account varchar default 'default';

comment on table raw.answers is 'One row per attempt to answer an order with portouts authorize or portouts reject. The row is committed before the request is sent, and completed afterwards.';
comment on column raw.answers.attempt_id is 'Id of the attempt.';
comment on column raw.answers.sent_at is 'When the row was written, just before the request was sent, by the clock of its machine.';
comment on column raw.answers.finished_at is 'When the outcome was known, by the same clock; null while it is unknown.';
comment on column raw.answers.user_name is 'User of the machine who answered.';
comment on column raw.answers.host_name is 'Name of the machine.';
comment on column raw.answers.portout_id is 'Id of the order.';
comment on column raw.answers.support_key is 'Support key of the order.';
comment on column raw.answers.answer is 'The requested status: authorized or rejected-pending.';
comment on column raw.answers.rejection_code is 'Rejection code that was sent; null if none was.';
comment on column raw.answers.reason is 'Reason that was sent, without PINs. It is masked according to the setting pii, like the reason of orders.';
comment on column raw.answers.status_before is 'Status of the order when it was last read before the request.';
comment on column raw.answers.status_after is 'Status of the order after the request, as the API showed it; null if it could not be read.';
comment on column raw.answers.outcome is 'answered: the order has the requested status. not answered: it was still pending at finished_at. refused: the API refused the request. unknown: the API could not be read, the order has another status, or the process ended before it knew the outcome.';
comment on column raw.answers.detail is 'What the outcome is based on, such as the HTTP status and the codes of the API''s errors.';
comment on column raw.answers.account is 'Name of the account that holds the order; default where no accounts are set up.';
