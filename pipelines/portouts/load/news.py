"""What is news in a load package: rows that `raw` in the working file does not hold, or holds with other values.

Every sync reads the open orders again, and most of those rows say what is held already. They are not loaded again. A
list from a copy of the data that lags shows an older version than the one that is held: it is no news either. The
surprise: the orders of the news are queued for the next build of the models in a commit of its own, before dlt loads
the package. A load that is killed may have committed some of its tables, and those rows are no news to the next sync.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.schema import INSTANT, TEXT
from portouts.warehouse.rows.changed_orders import is_full_build_due, note_changed_orders

if TYPE_CHECKING:
    import duckdb

    from portouts.extract.intake import LoadPackage

Tables = Mapping[str, pa.Table]
Rows = Sequence[int]
"""The numbers of rows of a table, from 0."""

NUMBERS, EVENTS, RANGES = "portout_phone_numbers", "portout_events", "portout_ported_ranges"
# An observation or a range is held if its key is: what was seen first stays.
_KEYS: Mapping[str, Sequence[str]] = {
    "portout_observations": ("portout_id", "status", "updated_at"),
    RANGES: ("portout_id", "ported_from", "ported_to"),
}


_DATED_BY_EVENT = "select portout_id from intermediate.int_orders where ported_at_source = 'event'"
_NONE = "select cast(null as varchar) as portout_id where false"


def take_news(connection: duckdb.DuckDBPyConnection, package: LoadPackage) -> Tables:
    """Return the tables with their news only, without tables that have none, and queue the orders of the news.

    If the next build computes all orders anyway, as after a first load, everything that is not outdated is taken and
    nothing queued.
    """
    tables = _without_outdated(connection, package)
    if is_full_build_due(connection):
        return tables
    news = {name: found for name, table in tables.items() if (found := only_news(connection, name, table)) is not None}
    dating = {RANGES: _dating_ranges(connection, news[RANGES])} if RANGES in news else {}
    note_changed_orders(connection, {*_orders_of(news | dating), *_orders_before(connection, news.get(EVENTS))})
    return news


def _without_outdated(connection: duckdb.DuckDBPyConnection, package: LoadPackage) -> Tables:
    """Leave out orders, with their phone numbers, that a list shows in an older version than the one that is held."""
    orders = package.tables["portouts"]
    if not columns_held(connection, "portouts"):
        return package.tables
    bounds, values = _bounds(orders.select(["inserted_at"]))  # an order keeps the instant at which it was inserted
    with registered(connection, orders):
        found = connection.execute(
            "select package.id from raw.portouts as held inner join package on held.id = package.id "  # noqa: S608 - our own names
            f"where {bounds} and held.updated_at > package.updated_at",
            values,
        ).fetchall()
    outdated = {order_id for (order_id,) in found} - set(package.asked_for)
    if not outdated:
        return package.tables
    keys = {"portouts": "id", NUMBERS: "portout_id"}
    kept = {name: _without(package.tables[name], key, outdated) for name, key in keys.items()}
    return {**package.tables, **kept}


def _without(table: pa.Table, key: str, ids: Collection[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[key], pa.array(ids, TEXT))))


def columns_held(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """Return the columns of a table of `raw`; a missing table has none."""
    query = "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = ?"
    return {column for (column,) in connection.execute(query, [table]).fetchall()}


def only_news(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> pa.Table | None:
    """Keep the rows that are news; None if there are none. A table that lacks a column is loaded whole, to get it."""
    if not columns_held(connection, name).issuperset(table.column_names):
        return table
    with registered(connection, table):
        held = _numbers_held(connection, table) if name == NUMBERS else _rows_held(connection, name, table)
    news = table.filter(pc.invert(pc.is_in(_row_numbers(table), pa.array(held, pa.int64()))))
    return news if len(news) else None


def _rows_held(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Rows:
    """Return the numbers of the rows that `raw` holds with equal values."""
    columns = _KEYS.get(name, table.column_names)
    bounds, values = _bounds(table.select(columns))
    return _rows(
        connection,
        f"select package.row from raw.{name} as held inner join package on {_equal(columns)} where {bounds}",  # noqa: S608 - names of ours
        values,
    )


def _numbers_held(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Rows:
    """Return the numbers of the rows of orders of which `raw` holds exactly these phone numbers, else none of an order.

    The phone numbers of an order are replaced together. A row `is_gone` says that there are none.
    """
    return _rows(
        connection,
        f"""
        with held_numbers as (
            select held.portout_id, count(*) as held, count(package.row) as equal
            from raw.{NUMBERS} as held
            left join package on {_equal(table.column_names)}
            where held.portout_id in (select portout_id from package)
            group by held.portout_id
        ),

        counted as (
            select row, portout_id, count(*) filter (not is_gone) over (partition by portout_id) as numbers
            from package
        )

        select counted.row
        from counted
        left join held_numbers on held_numbers.portout_id = counted.portout_id
        where coalesce(held_numbers.held, 0) = counted.numbers and coalesce(held_numbers.equal, 0) = counted.numbers
        """,  # noqa: S608 - names of ours
    )


def _dating_ranges(connection: duckdb.DuckDBPyConnection, ranges: pa.Table) -> pa.Table:
    """Keep the ranges that can date an order otherwise than the models do now.

    An event comes before ranges. Of ranges, the models take the narrowest, and of equally narrow ones the first. Each
    sync within the overlap sees a port-out in another range, and most of these date it no better than the first.
    """
    with registered(connection, ranges):
        rows = _rows(
            connection,
            f"""
            with dated_by_event as ({_DATED_BY_EVENT if _has_models(connection) else _NONE})

            select package.row
            from package
            where not exists (
                from raw.{RANGES} as held
                where held.portout_id = package.portout_id
                    and (date_diff('microsecond', held.ported_from, held.ported_to), held.ported_to)
                        < (date_diff('microsecond', package.ported_from, package.ported_to), package.ported_to)
            )
            and not exists (
                from dated_by_event
                where dated_by_event.portout_id = package.portout_id
            )
            order by package.row
            """,  # noqa: S608 - names of ours
        )
    return ranges.take(pa.array(rows, pa.int64()))


def _has_models(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether this file has models; that of one account has none."""
    query = "select true from duckdb_tables() where schema_name = 'intermediate' and table_name = 'int_orders'"
    return bool(connection.execute(query).fetchall())


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[datetime] = ()) -> Rows:
    return [row for (row,) in connection.execute(query, values).fetchall()]


def _row_numbers(table: pa.Table) -> pa.Array:
    return pc.subtract(pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), len(table))), 1)


def _equal(columns: Sequence[str]) -> str:
    return " and ".join(f'held."{column}" is not distinct from package."{column}"' for column in columns)


def _bounds(table: pa.Table) -> tuple[str, list[datetime]]:
    """Bound the instants of the rows to search: DuckDB then reads only the parts of the table that have such rows."""
    conditions, values = ["true"], list[datetime]()
    for column in table.column_names:
        if table.schema.field(column).type != INSTANT:
            continue
        least, greatest = pc.min_max(table[column]).as_py().values()
        is_null = f"held.{column} is null"
        if least is None:
            conditions.append(is_null)
            continue
        conditions.append(f"(held.{column} between ? and ?{f' or {is_null}' if table[column].null_count else ''})")
        values += [least, greatest]
    return " and ".join(conditions), values


def _orders_of(tables: Tables) -> Sequence[str]:
    columns = [table["id" if name == "portouts" else "portout_id"] for name, table in tables.items()]
    ids = pc.unique(pa.chunked_array([chunk for column in columns for chunk in column.chunks], TEXT))
    return [order_id for order_id in ids.to_pylist() if order_id is not None]


def _orders_before(connection: duckdb.DuckDBPyConnection, events: pa.Table | None) -> Sequence[str]:
    """List the orders to which held events belonged that now belong to another one."""
    if events is None:
        return []
    bounds, values = _bounds(events.select(["created_at"]))  # an event keeps the instant at which it was created
    with registered(connection, events):
        found = connection.execute(
            f"select distinct held.portout_id from raw.{EVENTS} as held inner join package on held.id = package.id "  # noqa: S608 - our own name
            f"where {bounds} and held.portout_id is not null and held.portout_id is distinct from package.portout_id",
            values,
        ).fetchall()
    return [order_id for (order_id,) in found]


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Iterator[None]:
    """Let SQL read a table as `package`, with the number of each row."""
    connection.register("package", table.append_column("row", _row_numbers(table)))
    try:
        yield
    finally:
        connection.unregister("package")
