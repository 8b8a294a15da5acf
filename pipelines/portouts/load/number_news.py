"""What is news of the inventory: numbers that changed or are new, and those that a proven list no longer shows.

The surprise: a number that is missing is marked and kept. A later list that shows it removes the mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from portouts.load.news import Tables, columns_held, only_news, registered
from portouts.records.inventory.fields import RAW_NUMBERS
from portouts.records.inventory.tables import number_observations

if TYPE_CHECKING:
    import duckdb

    from portouts.extract.intake import LoadPackage

NUMBERS, OBSERVATIONS, COUNTS, LISTS = (
    "phone_numbers",
    "phone_number_observations",
    "phone_number_counts",
    "phone_number_lists",
)


def take_number_news(connection: duckdb.DuckDBPyConnection, package: LoadPackage) -> Tables:
    """Return the tables of the inventory with their news only, without tables that have none."""
    tables = package.tables
    numbers = _numbers(connection, tables)
    news = {
        NUMBERS: numbers,
        OBSERVATIONS: _observations(tables, numbers),
        COUNTS: _counts(connection, tables[COUNTS]),
        LISTS: tables[LISTS],
    }
    return {name: table for name, table in news.items() if len(table)}


def _numbers(connection: duckdb.DuckDBPyConnection, tables: Tables) -> pa.Table:
    listed = tables[NUMBERS]
    if not columns_held(connection, NUMBERS):
        return listed
    changed = only_news(connection, NUMBERS, listed)
    parts = [changed] if changed is not None else [listed.slice(0, 0)]
    proven = [reading for reading in tables[LISTS].to_pylist() if reading["is_proven"]]
    parts += [_missing(connection, listed, reading["read_at"]) for reading in proven]
    return pa.concat_tables(parts)


def _missing(connection: duckdb.DuckDBPyConnection, listed: pa.Table, read_at: object) -> pa.Table:
    """Return the numbers held that a proven list lacks for the first time, marked with its instant."""
    held = columns_held(connection, NUMBERS)  # an earlier version held no tags
    columns = [name for name in RAW_NUMBERS.names if name in held and name != "missing_since"]
    with registered(connection, listed):
        found = connection.execute(
            f"select {', '.join(columns)} from raw.{NUMBERS} where missing_since is null "  # noqa: S608 - names of ours
            "and id not in (select id from package) order by id"
        ).fetchall()
    rows = [{**dict(zip(columns, row, strict=True)), "missing_since": read_at} for row in found]
    return pa.Table.from_pylist(rows, RAW_NUMBERS)


def _observations(tables: Tables, numbers: pa.Table) -> pa.Table:
    """Observe the numbers that are news."""
    if not len(numbers):
        return tables[OBSERVATIONS].slice(0, 0)
    [reading] = tables[LISTS].to_pylist()
    return number_observations(numbers, reading["read_at"], reading["sync_id"])


def _counts(connection: duckdb.DuckDBPyConnection, counts: pa.Table) -> pa.Table:
    """Keep the counts that differ from the last ones held; a status that was never counted had no numbers."""
    held = {}
    if columns_held(connection, COUNTS):
        held = dict(
            connection.execute(
                f"select status, arg_max(numbers, counted_at) from raw.{COUNTS} group by status"  # noqa: S608 - our own name
            ).fetchall()
        )
    is_news = [held.get(row["status"], 0) != row["numbers"] for row in counts.to_pylist()]
    return counts.filter(pa.array(is_news, pa.bool_())) if len(counts) else counts
