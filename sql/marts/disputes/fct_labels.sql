/*
One row per order that the user's list of labels (setting labels) names. No rows without the setting.

kind: dimension
key: portout_id

label: What the user found out: unauthorised, error (ported by mistake) or winback (the customer came back).
labelled_by: What the list names: order, support key, or number. An order comes before a support key, and that before a
    number; of several numbers with different labels, the first label in the alphabet counts. A number means the order
    that ported it last, or without one the order that asked for it last.
*/
with orders as (
    select portout_id, account, support_key, status, inserted_at
    from marts.fct_portouts
),

of_orders as (
    select orders.portout_id, labels.label, 'order' as labelled_by, 1 as rank
    from staging.labels as labels
    inner join orders on orders.portout_id = labels.subject
    where not labels.is_number
),

of_keys as (
    select orders.portout_id, labels.label, 'support key' as labelled_by, 2 as rank
    from staging.labels as labels
    inner join orders on orders.support_key = labels.subject
    where not labels.is_number
),

holders as (
    select distinct labels.subject, labels.label, orders.portout_id, orders.status, orders.inserted_at
    from staging.labels as labels
    inner join marts.fct_portout_numbers as numbers on numbers.phone_number = labels.subject
    inner join orders on orders.portout_id = numbers.portout_id
    where labels.is_number
),

last_holders as (
    select
        portout_id,
        label,
        row_number() over (
            partition by subject
            order by
                case when status = 'ported' then 0 else 1 end,
                case when inserted_at is null then 1 else 0 end,
                inserted_at desc,
                portout_id desc
        ) as position,
    from holders
),

labelled as (
    select portout_id, label, labelled_by, rank from of_orders
    union all
    select portout_id, label, labelled_by, rank from of_keys
    union all
    select portout_id, label, 'number' as labelled_by, 3 as rank from last_holders where position = 1
),

ranked as (
    select
        portout_id,
        label,
        labelled_by,
        row_number() over (partition by portout_id order by rank, label) as position,
    from labelled
)

select ranked.portout_id, orders.account, ranked.label, ranked.labelled_by
from ranked
inner join orders on orders.portout_id = ranked.portout_id
where ranked.position = 1
