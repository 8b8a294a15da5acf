/*
One row per carrier in the user's list of operators (setting operators). The runner fills it after this file.

kind: input
key: carrier_id

carrier_id: Carrier, see int_carriers: a SPID or a folded name.
operator: Operator of the carrier.
*/
select
    cast(null as varchar) as carrier_id,
    cast(null as varchar) as operator,
where false
