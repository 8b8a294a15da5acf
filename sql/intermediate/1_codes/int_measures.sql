create or replace table staging.int_measures as
select measure_code, measured_by
from (values (0, 'event'), (1, 'observation'), (2, 'unknown')) as measures (measure_code, measured_by);

comment on table staging.int_measures is 'One row per kind of evidence for the time of a status change. Status changes hold the code.';
comment on column staging.int_measures.measure_code is 'From 0, the best, to 2.';
comment on column staging.int_measures.measured_by is 'event (or intake); observation: the first sync that saw it, or as_of where none did, an upper bound; unknown: the very first sync found it so, and no event tells since when.';
