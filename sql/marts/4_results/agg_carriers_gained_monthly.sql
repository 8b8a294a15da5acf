create or replace table marts.agg_carriers_gained_monthly as
with orders as (
    select carrier_id, carrier_name, number_count, cast(date_trunc('month', ported_on) as date) as month
    from marts.fct_portouts
    where ported_on is not null
),

gains as (
    select
        month,
        carrier_id,
        carrier_name,
        count(*) as orders_ported,
        cast(sum(number_count) as bigint) as numbers_ported,
    from orders
    group by month, carrier_id, carrier_name
),

shared as (
    select
        month,
        carrier_id,
        carrier_name,
        orders_ported,
        numbers_ported,
        numbers_ported / nullif(cast(sum(numbers_ported) over (partition by month) as double), 0) as share_of_numbers,
        coalesce(
            month = min(case when numbers_ported > 0 then month end) over (partition by carrier_id), false
        ) as is_new_carrier,
    from gains
)

select
    shared.month,
    shared.carrier_id,
    shared.carrier_name,
    carriers.operator_id,
    carriers.operator_name,
    shared.orders_ported,
    shared.numbers_ported,
    shared.share_of_numbers,
    shared.is_new_carrier,
from shared
inner join staging.int_carriers as carriers on carriers.carrier_id = shared.carrier_id;

comment on table marts.agg_carriers_gained_monthly is 'One row per month and carrier with ported orders in the month. Ported orders of unknown time are in no month.';
comment on column marts.agg_carriers_gained_monthly.month is 'First day of the month of ported_at, in the reporting time zone.';
comment on column marts.agg_carriers_gained_monthly.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.agg_carriers_gained_monthly.carrier_name is 'Name of the carrier in its most frequent spelling.';
comment on column marts.agg_carriers_gained_monthly.operator_id is 'Operator of the carrier, see dim_carriers.';
comment on column marts.agg_carriers_gained_monthly.operator_name is 'Name of the operator.';
comment on column marts.agg_carriers_gained_monthly.orders_ported is 'Orders ported in the month.';
comment on column marts.agg_carriers_gained_monthly.numbers_ported is 'Numbers in these orders.';
comment on column marts.agg_carriers_gained_monthly.share_of_numbers is 'Share of the numbers ported in the month, 0 to 1; null if none were.';
comment on column marts.agg_carriers_gained_monthly.is_new_carrier is 'Whether the carrier gained its first number in this month. Orders without numbers do not count.';
