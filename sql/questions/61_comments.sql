-- Which open orders have comments, how soon did the first come, and what does the last one say?
-- mart: fct_comments, fct_portouts
with last_comments as (
    select
        portout_id,
        count(*) over (partition by portout_id) as comments,
        min(hours_since_received) over (partition by portout_id) as first_comment_hours,
        commented_at,
        comment,
        row_number() over (partition by portout_id order by comment_number desc) as place,
    from marts.fct_comments
)

select
    orders.support_key,
    orders.status,
    last_comments.comments,
    round(last_comments.first_comment_hours, 1) as first_comment_hours,
    last_comments.commented_at as last_commented_at,
    last_comments.comment as last_comment,
from last_comments
inner join marts.fct_portouts as orders on orders.portout_id = last_comments.portout_id
where last_comments.place = 1 and orders.is_open
order by last_commented_at desc, orders.portout_id
limit 20
