-- How many numbers left last month, the month before, and in the same month a year ago?
-- mart: agg_portouts_monthly
-- The last row of the table is the current month, which is not over. Every month has a row, so lag counts months.
select
    month,
    numbers_ported,
    lag(numbers_ported) over (order by month) as month_before,
    lag(numbers_ported, 12) over (order by month) as year_before,
from marts.agg_portouts_monthly
order by month desc
limit 2
