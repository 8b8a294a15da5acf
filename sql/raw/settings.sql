create table if not exists raw.settings (
    name varchar not null,
    value varchar not null,
    origin varchar not null,
    set_at timestamptz not null
);

comment on table raw.settings is 'One row per setting on which the figures depend, as the last finished sync used it. A sync that would change one of them is refused until the user accepts the change.';
comment on column raw.settings.name is 'The name of the setting under [sources.telnyx].';
comment on column raw.settings.value is 'Its value; empty if it is not set. For a file: its path and a hash of its content. For pii = hash: a fingerprint of the salt.';
comment on column raw.settings.origin is 'Where the value was found: a file, an environment variable, an argument, portouts redact, or default.';
comment on column raw.settings.set_at is 'The as_of of the first sync that used the value.';
