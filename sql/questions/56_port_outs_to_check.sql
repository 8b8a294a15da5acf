-- Which port-outs of the last days should be checked with the customer first?
-- mart: rpt_port_outs_to_check
-- Ported or still open within the dispute window, with the most reasons first. Numbers that have left come first among
-- equals, and nobody has labelled them yet.
select
    support_key,
    carrier_name,
    status,
    number_count,
    reason_count,
    is_left_to_silence,
    is_new_carrier,
    is_part_of_burst,
    is_repeated_attempt,
    is_without_pin,
    check_until_at,
from marts.rpt_port_outs_to_check
where label is null
order by reason_count desc, status = 'ported' desc, in_window_at, portout_id
limit 20
