/*
One row per month in which orders were received: the shares that the user's list of labels (setting labels) calls
unauthorised, error and winback. No rows without the setting.

kind: aggregate
key: month
groups: date_trunc('month', received_on) of intermediate.int_orders

month: First day of the month of inserted_at, in the reporting time zone.
orders_received: Orders of the month.
orders_ported: Of these, now ported.
orders_labelled: Of orders_received, those with a label, see fct_labels.
orders_unauthorised: Of these, labelled unauthorised.
orders_in_error: Labelled error.
orders_won_back: Labelled winback.
unauthorised_share: Share of orders_received labelled unauthorised, 0 to 1. A month that nobody has reviewed yet has 0.
error_share: Share labelled error.
winback_share: Share labelled winback.
*/
with orders as (
    select portout_id, status, cast(date_trunc('month', received_on) as date) as month
    from intermediate.int_orders
    where received_on is not null
),

counts as (
    select
        orders.month,
        count(*) as orders_received,
        count(case when orders.status = 'ported' then 1 end) as orders_ported,
        count(labels.label) as orders_labelled,
        count(case when labels.label = 'unauthorised' then 1 end) as orders_unauthorised,
        count(case when labels.label = 'error' then 1 end) as orders_in_error,
        count(case when labels.label = 'winback' then 1 end) as orders_won_back,
    from orders
    left join marts.fct_labels as labels on labels.portout_id = orders.portout_id
    group by orders.month
)

select
    month,
    orders_received,
    orders_ported,
    orders_labelled,
    orders_unauthorised,
    orders_in_error,
    orders_won_back,
    orders_unauthorised / cast(orders_received as double) as unauthorised_share,
    orders_in_error / cast(orders_received as double) as error_share,
    orders_won_back / cast(orders_received as double) as winback_share,
from counts
where exists (select subject from staging.labels)
