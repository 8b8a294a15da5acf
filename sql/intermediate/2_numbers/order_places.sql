create or replace temp table order_places as
with counts as (
    select
        order_number,
        count(*) as number_count,
        min(position) as first_position,
        min(case when time_zone is not null then position end) as first_zoned_position,
    from order_phone_numbers
    group by order_number
)

select counts.order_number, counts.number_count, first_numbers.country_code, zoned_numbers.time_zone
from counts
inner join order_phone_numbers as first_numbers
    on first_numbers.order_number = counts.order_number and first_numbers.position = counts.first_position
left join order_phone_numbers as zoned_numbers
    on zoned_numbers.order_number = counts.order_number and zoned_numbers.position = counts.first_zoned_position;
