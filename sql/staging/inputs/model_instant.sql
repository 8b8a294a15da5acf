/*
One row: the instant that the marts describe.

kind: input

as_of: The marts show the state of the API at this instant: the as_of of the last sync.
*/
select cast(null as timestamptz) as as_of
where false
