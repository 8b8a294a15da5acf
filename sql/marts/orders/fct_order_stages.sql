/*
One row per order: the stages of a port-out that it reached (received, answered, FOC confirmed, ported), when, and the
hours from each stage to the next. A stage that an order reached stays reached if the order is rejected, reopened or
canceled later. Hours are null where a stage was not reached or its time is unknown; times that contradict each other
make negative hours.

kind: per order view
key: portout_id

first_answer: How the first pending spell that ended with an answer ended, see fct_responses: authorized,
    authorized_automatically (by silence, an estimate) or rejected (by us). Null if no spell did: a rejection at intake
    and a cancellation are no answers.
answered_at: When the first answer came; null if there is none and if its time is unknown.
is_foc_confirmed: Whether the order reached its FOC: it was authorized or ported, and a confirmed day (first_foc_on) is
    known.
foc_confirmed_at: When the first day was confirmed: at the first authorization, or with a later foc_date_changed event if
    that confirmed the first day, see first_foc_on. Null if the time of the authorization is unknown.
is_ported: Whether the status is ported.
ported_at: When the numbers left, see fct_portouts; null unless ported at a known time.
answer_hours: Hours from inserted_at to answered_at. For an order that was reopened after a rejection at intake, more than
    response_hours of fct_portouts.
foc_hours: Hours from answered_at to foc_confirmed_at: 0 if the first answer confirmed the day. Longer if it was a
    rejection, or if the day was confirmed later.
port_hours: Hours from foc_confirmed_at to ported_at.
total_hours: Hours from inserted_at to ported_at.
first_comment_hours: Hours from inserted_at to the first comment; null without comments.
*/
with orders as (
    select
        orders.*,
        coalesce(status, '') = 'ported' as is_ported,
        case when response in ('authorized', 'authorized_automatically', 'rejected') then response else later_answer end
            as first_answer,
        case
            when response in ('authorized', 'authorized_automatically', 'rejected') then responded_at
            else later_answered_at
        end as answered_at,
    from intermediate.int_orders as orders
)

select
    portout_id,
    account,
    inserted_at,
    first_answer,
    answered_at,
    is_foc_confirmed,
    foc_confirmed_at,
    is_ported,
    ported_at,
    date_diff('microsecond', inserted_at at time zone 'UTC', answered_at at time zone 'UTC') / 3.6e9 as answer_hours,
    date_diff('microsecond', answered_at at time zone 'UTC', foc_confirmed_at at time zone 'UTC') / 3.6e9 as foc_hours,
    date_diff('microsecond', foc_confirmed_at at time zone 'UTC', ported_at at time zone 'UTC') / 3.6e9 as port_hours,
    date_diff('microsecond', inserted_at at time zone 'UTC', ported_at at time zone 'UTC') / 3.6e9 as total_hours,
    comment_count,
    date_diff('microsecond', inserted_at at time zone 'UTC', first_commented_at at time zone 'UTC') / 3.6e9
        as first_comment_hours,
from orders
