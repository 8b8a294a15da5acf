/*
One row per distinct time after which a pending spell was answered or censored: the Kaplan-Meier curve of spells that
are still unanswered. Spells of unknown length, ended or open, are left out.

kind: view
key: hours

hours: Hours since the spell began.
at_risk: Spells that lasted at least this long.
responded: Spells answered after exactly this time.
censored: Spells that ended without a response, or are open, after exactly this time; they were at risk until then.
still_pending_share: Estimated share of spells still unanswered after this time, 0 to 1.
*/
select
    duration as hours,
    at_risk,
    ended as responded,
    censored,
    lasting_share as still_pending_share,
from intermediate.int_survival
where curve = 'responses' and breakdown = 'all'
