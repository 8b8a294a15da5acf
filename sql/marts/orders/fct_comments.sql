/*
One row per comment on an order that a new_comment event announces. Comments from before Telnyx recorded events are
missing.

kind: per order view
key: event_id

event_id: Telnyx's id of the event that announces the comment.
comment_id: Telnyx's id of the comment; null until the event has its payload.
comment_number: Number of the comment within its order, from 1. Events without a time come last.
commented_at: When Telnyx recorded the event; null if it gives no time.
hours_since_received: Hours from inserted_at of the order to commented_at. Of comment_number 1: the time to the first
    comment.
user_id: Telnyx's id of the user who wrote the comment, as the event gives it. Null if it names nobody.
comment: Text of the comment, without PINs; hashed or null if the setting pii asks for it.
*/
with comments as (
    select event_id, portout_id, comment_id, created_at, comment_user_id, comment
    from staging.stg_events
    where event_type = 'portout.new_comment'
)

select
    comments.event_id,
    comments.portout_id,
    orders.account,
    comments.comment_id,
    cast(
        row_number() over (
            partition by comments.portout_id
            order by case when comments.created_at is null then 1 else 0 end, comments.created_at, comments.event_id
        ) as bigint
    ) as comment_number,
    comments.created_at as commented_at,
    date_diff('microsecond', orders.inserted_at at time zone 'UTC', comments.created_at at time zone 'UTC') / 3.6e9
        as hours_since_received,
    comments.comment_user_id as user_id,
    comments.comment,
from comments
inner join staging.stg_portouts as orders on orders.portout_id = comments.portout_id
