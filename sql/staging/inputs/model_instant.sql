/*
One row: the instant that the marts describe.

kind: input

as_of: The marts show the state of the API at this instant: the as_of of the last sync.
checked_at: The as_of of the last build whose checks looked at all rows: a full one, or see the setting check_all_hours.
*/
select
    cast(null as timestamptz) as as_of,
    cast(null as timestamptz) as checked_at,
where false
