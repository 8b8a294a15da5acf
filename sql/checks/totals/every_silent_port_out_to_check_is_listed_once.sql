-- marts.rpt_port_outs_to_check lacks an order that silence authorized, or lists one twice: please report it.
with silent as (
    select distinct orders.portout_id
    from marts.fct_portouts as orders
    inner join marts.fct_responses as responses on responses.portout_id = orders.portout_id
    cross join staging.model_inputs as inputs
    where responses.response = 'authorized_automatically'
        and (orders.status = 'ported' or orders.is_open)
        and (
            orders.inserted_at + inputs.dispute_window_hours * interval '1 hour' > inputs.as_of
            or orders.ported_at + inputs.dispute_window_hours * interval '1 hour' > inputs.as_of
        )
),

reported as (
    select portout_id, count(*) as row_count
    from marts.rpt_port_outs_to_check
    group by portout_id
)

select coalesce(silent.portout_id, reported.portout_id) as portout_id
from silent
full outer join reported on reported.portout_id = silent.portout_id
where coalesce(reported.row_count, 0) <> 1
