create table if not exists raw.accounts (
    account varchar not null,
    as_of timestamptz,
    gathering_id varchar,
    state varchar,
    failed_at timestamptz,
    failure varchar
);

comment on table raw.accounts is 'One row per account whose rows this warehouse holds or that a sync has tried to read; no rows where no accounts are set up.';
comment on column raw.accounts.account is 'Name of the account.';
comment on column raw.accounts.as_of is 'The rows of the account show the API at this instant; null if none were read yet.';
comment on column raw.accounts.gathering_id is 'Id of the gathering that copied the rows of the account last. If the working file of the account names another one, all its rows are copied again.';
comment on column raw.accounts.state is 'What the next sync of the account must know, as JSON: covered ranges, open orders.';
comment on column raw.accounts.failed_at is 'When the last sync of the account failed; null if it did not.';
comment on column raw.accounts.failure is 'Why it failed.';
