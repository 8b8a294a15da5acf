/*
One row per gaining carrier that asked for a port-out, successful or not.

kind: aggregate
key: carrier_id

carrier_name: Name of the carrier in its most frequent spelling.
spid: SPID (service provider id); null for a carrier whose SPID is unknown.
parent: The company behind the carrier, see dim_carriers; null if the user's list does not have it.
parent_id: parent, else carrier_id.
orders_received: Orders of the carrier, in any status.
orders_ported: Of these, now ported.
numbers_ported: Numbers in the ported orders.
share_of_numbers: Share of all numbers ported, 0 to 1; null if none were.
first_ported_at: First ported_at of orders whose time is known.
last_ported_at: Last ported_at of orders whose time is known.
rejection_rate: Share of the orders received that are now rejected, 0 to 1.
median_response_hours: Median hours of the carrier's responses of known time, over all spells without the censored ones.
rank: Rank by numbers_ported, then orders_ported, then carrier_id.
*/
with orders as (
    select portout_id, carrier_id, status, number_count, ported_at
    from marts.fct_portouts
),

counts as (
    select
        carrier_id,
        count(*) as orders_received,
        count(case when status = 'ported' then 1 end) as orders_ported,
        cast(sum(case when status = 'ported' then number_count else 0 end) as bigint) as numbers_ported,
        count(case when status = 'rejected' then 1 end) as orders_rejected,
        min(ported_at) as first_ported_at,
        max(ported_at) as last_ported_at,
    from orders
    group by carrier_id
),

ranked_responses as (
    select
        orders.carrier_id,
        responses.response_hours,
        row_number() over (partition by orders.carrier_id order by responses.response_hours) - 1 as responses_below,
        count(*) over (partition by orders.carrier_id) - 1 as others,
    from marts.fct_responses as responses
    inner join orders on orders.portout_id = responses.portout_id
    where not responses.is_censored and responses.response_hours is not null
),

-- The median is interpolated, see int_response_latencies.
medians as (
    select
        carrier_id,
        sum(response_hours * greatest(1 - abs(responses_below - 0.5e0 * others), 0)) as median_response_hours,
    from ranked_responses
    group by carrier_id
),

ranked as (
    select
        carriers.carrier_id,
        carriers.carrier_name,
        carriers.spid,
        carriers.parent,
        carriers.parent_id,
        counts.orders_received,
        counts.orders_ported,
        counts.numbers_ported,
        counts.numbers_ported / nullif(cast(sum(counts.numbers_ported) over () as double), 0) as share_of_numbers,
        counts.first_ported_at,
        counts.last_ported_at,
        counts.orders_rejected / cast(counts.orders_received as double) as rejection_rate,
        medians.median_response_hours,
        cast(
            row_number() over (order by counts.numbers_ported desc, counts.orders_ported desc, carriers.carrier_id)
            as bigint
        ) as rank,
    from counts
    inner join marts.dim_carriers as carriers on carriers.carrier_id = counts.carrier_id
    left join medians on medians.carrier_id = counts.carrier_id
)

select
    carrier_id, carrier_name, spid, parent, parent_id, orders_received, orders_ported, numbers_ported, share_of_numbers,
    first_ported_at, last_ported_at, rejection_rate, median_response_hours, rank,
from ranked
