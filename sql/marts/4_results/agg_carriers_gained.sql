create or replace table marts.agg_carriers_gained as
with orders as (
    select order_number, carrier_number, status, number_count, ported_at
    from staging.int_orders
),

responses as (
    select order_number, response_hours
    from staging.int_responses
    where not is_censored and response_hours is not null
),

counts as (
    select
        carrier_number,
        count(*) as orders_received,
        count(case when status = 'ported' then 1 end) as orders_ported,
        cast(sum(case when status = 'ported' then number_count else 0 end) as bigint) as numbers_ported,
        count(case when status = 'rejected' then 1 end) as orders_rejected,
        min(ported_at) as first_ported_at,
        max(ported_at) as last_ported_at,
    from orders
    group by carrier_number
),

medians as (
    select
        orders.carrier_number,
        percentile_cont(0.5) within group (order by responses.response_hours) as median_response_hours,
    from responses
    inner join orders on orders.order_number = responses.order_number
    group by orders.carrier_number
),

ranked as (
    select
        carriers.carrier_id,
        carriers.carrier_name,
        carriers.spid,
        carriers.operator_id,
        carriers.operator_name,
        counts.orders_received,
        counts.orders_ported,
        counts.numbers_ported,
        counts.numbers_ported / nullif(cast(sum(counts.numbers_ported) over () as double), 0) as share_of_numbers,
        counts.first_ported_at,
        counts.last_ported_at,
        counts.orders_rejected / cast(counts.orders_received as double) as rejection_rate,
        medians.median_response_hours,
        row_number() over (
            order by counts.numbers_ported desc, counts.orders_ported desc, carriers.carrier_id
        ) as rank,
    from counts
    inner join staging.int_carriers as carriers on carriers.carrier_number = counts.carrier_number
    left join medians on medians.carrier_number = counts.carrier_number
)

select
    carrier_id, carrier_name, spid, operator_id, operator_name, orders_received, orders_ported, numbers_ported, share_of_numbers,
    first_ported_at, last_ported_at, rejection_rate, median_response_hours, rank,
from ranked;

comment on table marts.agg_carriers_gained is 'One row per gaining carrier that asked for a port-out, successful or not.';
comment on column marts.agg_carriers_gained.carrier_id is 'Gaining carrier, see dim_carriers.';
comment on column marts.agg_carriers_gained.carrier_name is 'Name of the carrier in its most frequent spelling.';
comment on column marts.agg_carriers_gained.spid is 'SPID (service provider id); null for a carrier whose SPID is unknown.';
comment on column marts.agg_carriers_gained.operator_id is 'Operator of the carrier, see dim_carriers.';
comment on column marts.agg_carriers_gained.operator_name is 'Name of the operator.';
comment on column marts.agg_carriers_gained.orders_received is 'Orders of the carrier, in any status.';
comment on column marts.agg_carriers_gained.orders_ported is 'Of these, now ported.';
comment on column marts.agg_carriers_gained.numbers_ported is 'Numbers in the ported orders.';
comment on column marts.agg_carriers_gained.share_of_numbers is 'Share of all numbers ported, 0 to 1; null if none were.';
comment on column marts.agg_carriers_gained.first_ported_at is 'First ported_at of orders whose time is known.';
comment on column marts.agg_carriers_gained.last_ported_at is 'Last ported_at of orders whose time is known.';
comment on column marts.agg_carriers_gained.rejection_rate is 'Share of the orders received that are now rejected, 0 to 1.';
comment on column marts.agg_carriers_gained.median_response_hours is 'Median hours of the carrier''s responses of known time, over all spells without the censored ones.';
comment on column marts.agg_carriers_gained.rank is 'Rank by numbers_ported, then orders_ported, then carrier_id.';
