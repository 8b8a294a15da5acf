create or replace table staging.operators (
    carrier_id varchar not null,
    operator varchar not null,
);

comment on table staging.operators is 'One row per carrier in the user''s list of operators (setting operators). The runner fills it after this file.';
comment on column staging.operators.carrier_id is 'Carrier, see int_carriers: a SPID or a folded name.';
comment on column staging.operators.operator is 'Operator of the carrier.';
