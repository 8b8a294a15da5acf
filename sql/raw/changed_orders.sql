create table if not exists raw.changed_orders (
    portout_id varchar
);

comment on table raw.changed_orders is 'One row per order whose rows in raw changed after the models were built. A build reads these orders and empties the table, so it is empty in a published file.';
comment on column raw.changed_orders.portout_id is 'Order that changed; null: any order may have changed.';
