/*
One row per order that waits for our answer (status pending).

kind: aggregate
key: portout_id
*/
select
    portout_id, account, support_key, pon, carrier_id, carrier_name, end_user_name, country_code, number_count, inserted_at,
from marts.fct_portouts
where status = 'pending'
