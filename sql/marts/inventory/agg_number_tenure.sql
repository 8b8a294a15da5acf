/*
One row per breakdown, value of it and age at which a number of the inventory was ported or is observed no longer: the
Kaplan-Meier curve of the numbers that are not ported yet. No rows without the setting inventory.

kind: view
key: breakdown, value, days

breakdown: What the numbers are grouped by: all, country or type. Each counts all.
value: The country or type as the inventory showed it last; all for the breakdown all; unknown where it is not known.
days: Age: whole times 24 hours since in_service_from, the activation or else the purchase.
at_risk: Numbers that reached this age and are observed at it: from the first proven list of their account on, since nothing
    shows what had left before, and until the last one.
ported: Of these, ported at this age.
censored: Of these, not ported, but observed no longer: left otherwise at this age, or that old at the last proven list.
still_held_share: Estimated share of numbers not ported by the end of this age, 0 to 1.
*/
select
    breakdown,
    value,
    cast(duration as bigint) as days,
    at_risk,
    ended as ported,
    censored,
    lasting_share as still_held_share,
from intermediate.int_survival
where curve = 'tenures'
