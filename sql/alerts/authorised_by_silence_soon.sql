-- Silence authorises an order soon.
-- key: _portout_id, _spell_number, _hours_before
-- Finds each order once per threshold of the setting hours_before that it has passed. Orders overdue by more than a day
-- are left out. If you run it by hand, the thresholds are 24 and 4 hours, and now is the as_of of the file.
with moment as (
    select coalesce(cast(getvariable('now') as timestamptz), max(as_of)) as now
    from marts.rpt_sync
),

thresholds as (
    select unnest(coalesce(cast(getvariable('hours_before') as double[]), [24, 4])) as hours_before
),

waiting as (
    select
        orders.portout_id,
        orders.account,
        spells.spell_number,
        orders.support_key,
        orders.carrier_name,
        orders.number_count,
        orders.deadline_at,
        date_diff('microsecond', moment.now, orders.deadline_at) / 3.6e9 as hours_left,
    from marts.rpt_open_orders as orders
    inner join marts.fct_responses as spells on spells.portout_id = orders.portout_id and spells.response = 'open'
    cross join moment
)

select
    waiting.account,
    waiting.support_key as "order",
    waiting.carrier_name as carrier,
    waiting.number_count as numbers,
    waiting.deadline_at as deadline,
    round(waiting.hours_left, 1) as hours_left,
    waiting.portout_id as _portout_id,
    waiting.spell_number as _spell_number,
    min(thresholds.hours_before) as _hours_before,
from waiting
inner join thresholds on waiting.hours_left <= thresholds.hours_before
where waiting.hours_left > -24
group by all
order by waiting.deadline_at, waiting.portout_id
