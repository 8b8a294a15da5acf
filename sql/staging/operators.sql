create or replace table staging.operators (
    carrier_id varchar not null,
    operator varchar not null,
);

comment on table staging.operators is 'One row per carrier that the user counts with an operator: the list that the setting operators names. Written by the runner after this file.';
comment on column staging.operators.carrier_id is 'Carrier, see int_carriers: a SPID, or a folded name.';
comment on column staging.operators.operator is 'Operator that it belongs to.';
