/*
One row per model or check and table or view that it reads.

kind: input
key: model, reads

model: Model, as schema.object, or name of a check.
position: Place in its SQL, from 1.
reads: What it reads, as schema.object.
*/
select
    cast(null as varchar) as model,
    cast(null as bigint) as position,
    cast(null as varchar) as reads,
where false
