"""In which month a row of a table belongs: that of its order, or of its own day. A small table has no months.

All rows of one order are in the month in which Telnyx received it (UTC), so an order that changes late touches one
month of each table. A row without an order, or with an order without a time, is in the month `none`.
"""

from __future__ import annotations

import duckdb

from portouts.publish.contents import Table

ALL, NONE = "all", "none"
MONTH = "month_of_file"
_OF_ORDERS = "months_of_orders"
_OWN_TIMES = ("day", "month", "week", "as_of")


def make_months_of_orders(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table that `rows_with_months` reads."""
    connection.execute(
        f"create or replace temp table {_OF_ORDERS} as "
        f"select id as order_id, {_formatted('inserted_at')} as order_month from raw.portouts"
    )


def rows_with_months(table: Table) -> str:
    """Return a query for all columns of a table and the month of each row."""
    if table.full_name == "raw.portouts":
        return _with(table, _formatted("inserted_at"))
    if table.has("portout_id"):
        of_order = f"left join {_OF_ORDERS} as orders on orders.order_id = held.portout_id"
        return (
            f"select held.*, coalesce(orders.order_month, '{NONE}') as {MONTH} from {table.quoted} as held {of_order}"
        )
    for name in _OWN_TIMES:
        if table.has(name):
            return _with(table, _formatted(f'"{name}"'))
    return _with(table, f"'{ALL}'")


def _with(table: Table, month: str) -> str:
    return f"select held.*, {month} as {MONTH} from {table.quoted} as held"


def _formatted(value: str) -> str:
    return f"coalesce(strftime({value}, '%Y-%m'), '{NONE}')"
