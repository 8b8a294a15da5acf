/*
One row per entry of the user's list of labels (setting labels). The runner fills it after this file.

kind: input
key: subject

subject: Id or support key of an order, or a number, hashed like the numbers of orders if the setting pii asks for it.
label: What the user found out: unauthorised, error or winback.
is_number: Whether the subject is a number.
*/
select
    cast(null as varchar) as subject,
    cast(null as varchar) as label,
    cast(null as boolean) as is_number,
where false
