create table if not exists raw.covered_ranges (
    axis varchar not null,
    range_start timestamptz not null,
    range_end timestamptz not null
);

-- Columns that later versions added.
alter table raw.covered_ranges add column if not exists account varchar default 'default';

comment on table raw.covered_ranges is 'One row per axis and continuous range that was read, proven and committed. For ported_out_at it also covers ranges that need no reading because events date the orders.';
comment on column raw.covered_ranges.axis is 'The filter of the queries: inserted_at, ported_out_at (orders) or created_at (events).';
comment on column raw.covered_ranges.range_start is 'First instant of the range.';
comment on column raw.covered_ranges.range_end is 'End of the range, not included.';
comment on column raw.covered_ranges.account is 'Name of the account whose range it is; default where no accounts are set up.';
