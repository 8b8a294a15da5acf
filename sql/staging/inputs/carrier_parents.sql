/*
One row per carrier in the user's list of carriers (setting carriers). The runner fills it after this file.

kind: input
key: carrier

carrier: A SPID in upper case or a folded name, see staging.folded_spellings.
parent: The company behind the carrier, as the user names it.
*/
select
    cast(null as varchar) as carrier,
    cast(null as varchar) as parent,
where false
