/*
One row per order of which an event is a comment or shows whether a PIN was attempted.

kind: per order temporary
key: portout_id

comment_count: Comments on the order, see fct_comments.
first_commented_at: When the first of them was made, as far as events give times.
has_attempted_pin: Whether an event shows a PIN; null if none shows whether there was one.
*/
select
    portout_id,
    count(case when event_type = 'portout.new_comment' then 1 end) as comment_count,
    min(case when event_type = 'portout.new_comment' then created_at end) as first_commented_at,
    max(case when has_attempted_pin then 1 when not has_attempted_pin then 0 end) = 1 as has_attempted_pin,
from staging.stg_events
where event_type = 'portout.new_comment' or has_attempted_pin is not null
group by portout_id
