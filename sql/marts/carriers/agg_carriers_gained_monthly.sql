/*
One row per month and carrier with ported orders in the month. Ported orders of unknown time are in no month.

kind: aggregate
key: month, carrier_id

month: First day of the month of ported_at, in the reporting time zone.
carrier_id: Gaining carrier, see dim_carriers.
carrier_name: Name of the carrier in its most frequent spelling.
parent: The company behind the carrier, see dim_carriers; null if the user's list does not have it.
parent_id: parent, else carrier_id.
orders_ported: Orders ported in the month.
numbers_ported: Numbers in these orders.
share_of_numbers: Share of the numbers ported in the month, 0 to 1; null if none were.
is_new_carrier: Whether the carrier gained its first number in this month. Orders without numbers do not count.
*/
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
    carriers.parent,
    carriers.parent_id,
    shared.orders_ported,
    shared.numbers_ported,
    shared.share_of_numbers,
    shared.is_new_carrier,
from shared
inner join marts.dim_carriers as carriers on carriers.carrier_id = shared.carrier_id
