create table if not exists raw.covered_ranges (
    axis varchar not null,
    range_start timestamptz not null,
    range_end timestamptz not null
);

comment on table raw.covered_ranges is 'One row per axis and unbroken range that has been read, proven and committed; for ported_out_at also what needs no reading, since events tell.';
comment on column raw.covered_ranges.axis is 'The filter by which was read: inserted_at, ported_out_at (orders) or created_at (events).';
comment on column raw.covered_ranges.range_start is 'First instant of the range.';
comment on column raw.covered_ranges.range_end is 'End of the range, not part of it.';
