/*
One row per table of the inventory in raw: how many rows it had when the models were built, which shows whether it has
changed since. No rows without the setting inventory.

kind: input
key: table_name

table_name: Name of the table.
row_count: Rows that it had.
*/
select
    cast(null as varchar) as table_name,
    cast(null as bigint) as row_count,
where false
