-- marts.rpt_customers_leaving counts numbers twice: please report it.
select customer_reference, orders, numbers_asked, numbers_held, share_of_numbers
from marts.rpt_customers_leaving
where numbers_asked < 1
    or orders < 1
    or orders_pending > orders
    or share_of_numbers > 1
