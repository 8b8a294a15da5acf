create or replace table marts.agg_response_survival as
select hours, at_risk, responded, censored, still_pending_share
from survival
where month is null;

comment on table marts.agg_response_survival is 'One row per distinct time after which a pending spell was answered or censored: the Kaplan-Meier curve of spells that are still unanswered. Spells of unknown length, ended or open, are left out.';
comment on column marts.agg_response_survival.hours is 'Hours since the spell began.';
comment on column marts.agg_response_survival.at_risk is 'Spells that lasted at least this long.';
comment on column marts.agg_response_survival.responded is 'Spells answered after exactly this time.';
comment on column marts.agg_response_survival.censored is 'Spells that ended without a response, or are open, after exactly this time; they were at risk until then.';
comment on column marts.agg_response_survival.still_pending_share is 'Estimated share of spells still unanswered after this time, 0 to 1.';
