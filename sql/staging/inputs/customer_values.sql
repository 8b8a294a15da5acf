/*
One row per customer in the user's list of values (setting customer_values). The runner fills it after this file.

kind: input
key: customer_reference

customer_reference: Our reference of the customer, as the inventory has it; hashed if the setting pii asks for it.
customer_value: What the customer is worth, in the unit of the list.
*/
select
    cast(null as varchar) as customer_reference,
    cast(null as double) as customer_value,
where false
