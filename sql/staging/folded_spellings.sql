create or replace table staging.folded_spellings (
    spid varchar,
    carrier_name varchar,
    folded_spid varchar,
    folded_name varchar,
    folded_family varchar,
);

comment on table staging.folded_spellings is 'One row per SPID and carrier name as orders give them, with folded forms that are equal for spellings of one name. The runner fills it after this file, because no engine can fold all of Unicode.';
comment on column staging.folded_spellings.spid is 'SPID (service provider id) as the orders give it.';
comment on column staging.folded_spellings.carrier_name is 'Name of the gaining carrier as the orders spell it.';
comment on column staging.folded_spellings.folded_spid is 'SPID in upper case, without white space and invisible characters (NFKC).';
comment on column staging.folded_spellings.folded_name is 'Letters and digits of the name (NFKC, case folded), without white space, punctuation, symbols and invisible characters; null if none is left.';
comment on column staging.folded_spellings.folded_family is 'folded_name without a state at the end of the name: "Example, LLC - CA" gives examplellc.';
