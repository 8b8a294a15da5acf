-- How far do Telnyx and this file agree, and what was not compared?
-- mart: rpt_verifications
select as_of, depth, verdict, orders, differences, repaired, moved, not_covered
from marts.rpt_verifications
order by started_at desc
limit 5
