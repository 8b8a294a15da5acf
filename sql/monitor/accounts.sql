-- How old is each account, and why could it not be read?
select
    accounts.account,
    accounts.as_of,
    syncs.is_proven,
    (select count(*) from marts.fct_portouts as orders where orders.account = accounts.account) as orders,
    accounts.failed_at,
    accounts.failure,
from raw.accounts as accounts
left join raw.syncs as syncs on syncs.account = accounts.account and syncs.as_of = accounts.as_of
qualify row_number() over (partition by accounts.account order by syncs.finished_at desc) = 1
order by accounts.account
