create table if not exists raw.settings (
    name varchar not null,
    value varchar not null,
    origin varchar not null,
    set_at timestamptz not null
);

comment on table raw.settings is 'One row per setting that the numbers depend on, as the last finished sync used it. A sync that would change one is refused until the change is accepted.';
comment on column raw.settings.name is 'The name of the setting under [sources.telnyx].';
comment on column raw.settings.value is 'Its value; empty where it is not set. Of a file, its path and a digest of its content; of pii = hash, a mark of the salt.';
comment on column raw.settings.origin is 'Where the value was found: a file, an environment variable, an argument, or default.';
comment on column raw.settings.set_at is 'The instant that the warehouse showed when it first used the value: as_of of the sync.';
