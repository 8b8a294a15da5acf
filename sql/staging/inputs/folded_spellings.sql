/*
One row per SPID and carrier name as orders give them, with folded forms that are equal for spellings of one name. The
runner fills it after this file, because no engine can fold all of Unicode.

kind: input
key: spid, carrier_name

spid: SPID (service provider id) as the orders give it.
carrier_name: Name of the gaining carrier as the orders spell it.
folded_spid: SPID in upper case, without white space and invisible characters (NFKC).
folded_name: Letters and digits of the name (NFKC, case folded), without white space, punctuation, symbols and invisible
    characters; null if none is left.
folded_family: folded_name without accents, and without state and legal form at the end: "Example, LLC - CA" gives
    example.
*/
select
    cast(null as varchar) as spid,
    cast(null as varchar) as carrier_name,
    cast(null as varchar) as folded_spid,
    cast(null as varchar) as folded_name,
    cast(null as varchar) as folded_family,
where false
