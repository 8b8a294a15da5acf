create or replace table staging.int_evidence as
select evidence_code, measured_by
from (values (0, 'event'), (1, 'observation'), (2, 'unknown')) as evidence (evidence_code, measured_by);

comment on table staging.int_evidence is 'One row per kind of evidence for the time of a status change. Status changes contain the code.';
comment on column staging.int_evidence.evidence_code is 'Integer code, from 0 (best evidence) to 2.';
comment on column staging.int_evidence.measured_by is 'event: the time of an event, or of the order''s receipt. observation: the first sync that saw the status, or as_of if none did; an upper bound. unknown: the order had the status at the very first sync and has no event.';
