"""Writes the tables of a published file as Parquet, one file a month, and only the months that have changed.

A file keeps the types of DuckDB and the texts as they are. Its name is made from its content, so a month that is there
already has the same name, and a reader of the last manifest reads the files of that version until they are removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from portouts.publish.contents import Table, read_tables
from portouts.publish.row_hash import hash_in_duckdb
from portouts.publish.storage import manifest as manifests
from portouts.publish.storage.files import Storage
from portouts.publish.storage.manifest import File, Manifest, path_of
from portouts.publish.storage.months import ALL, MONTH, NONE, make_months_of_orders, rows_with_months
from portouts.publish.target import Sent
from portouts.warehouse.metadata import synced_until
from portouts.warehouse.sql import quoted

# DuckDB's Parquet has no 128-bit integers: such a sum would become a double.
_AS_TEXT = ("HUGEINT", "UHUGEINT")
_ROWS = "rows_of_months"


def write_months(
    storage: Storage, file: duckdb.DuckDBPyConnection, schemas: Sequence[str], scratch: Path, *, whole: bool = False
) -> Sent:
    """Bring the Parquet files of a target up to date, and return what was sent.

    With `whole`, files are looked for that the manifest names and that are gone.
    """
    held = manifests.read(storage.read_json(manifests.NAME))
    there = {*storage.names("raw"), *storage.names("marts")} if whole else set(held.files if held else ())
    known = {path: one for path, one in (held.files if held else {}).items() if path in there}
    make_months_of_orders(file)
    sent, tables = Sent(), {}
    for table in read_tables(file, schemas):
        before = sent.rows
        files = list(_files_of(storage, file, table, known, scratch, sent))
        tables[table.full_name] = manifests.describe(table, files)
        sent.tables += sent.rows != before
    new = Manifest(manifests.FORMAT, synced_until(file).isoformat(), tables)
    if new != held:
        replace_manifest(storage, new, scratch)
        sent.removed = _remove_unnamed(storage, new, held)
    return sent


def _files_of(
    storage: Storage,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    known: Mapping[str, File],
    scratch: Path,
    sent: Sent,
) -> Iterator[File]:
    """Yield the files of a table; those that are not known are written and put in place."""
    months = _read_months(connection, table)
    paths = {path_of(table, *month): month for month in months}
    yield from (known[path] for path in paths if path in known)
    missing = {path: month for path, month in paths.items() if path not in known}
    if not missing:
        return
    _collect(connection, table, [month for month, _, _ in missing.values()])
    with TemporaryDirectory(prefix="target-", suffix=".tmp", dir=scratch) as folder:
        for path, (month, rows, checksum) in missing.items():
            local = Path(folder) / Path(path).name
            _write(connection, month, local)
            size = storage.put(local, path)
            local.unlink()
            sent.rows += rows
            sent.bytes += size
            yield File(path, None if month in {ALL, NONE} else month, rows, str(checksum), size)
    connection.execute(f"drop table {_ROWS}")


def _read_months(connection: duckdb.DuckDBPyConnection, table: Table) -> list[tuple[str, int, int]]:
    """Return each month of a table with its rows and checksum; an empty table has one file, for its columns."""
    rows = connection.execute(
        f"select {MONTH}, count(*), sum(hash) "
        f"from (select {MONTH}, {hash_in_duckdb(table.columns)} as hash from ({rows_with_months(table)})) group by 1"
    ).fetchall()
    return [(month, int(count), int(checksum)) for month, count, checksum in rows] or [(ALL, 0, 0)]


def _collect(connection: duckdb.DuckDBPyConnection, table: Table, months: Sequence[str]) -> None:
    """Collect the rows of some months, in order of month, so that each of them is read once."""
    values = [
        f"cast({column.quoted} as varchar) as {column.quoted}" if column.kind in _AS_TEXT else column.quoted
        for column in table.columns
    ]
    connection.execute(
        f"create or replace temp table {_ROWS} as select {', '.join(values)}, {MONTH} "
        f"from ({rows_with_months(table)}) where list_contains(?, {MONTH}) order by {MONTH}",
        [list(months)],
    )


def _write(connection: duckdb.DuckDBPyConnection, month: str, local: Path) -> None:
    connection.execute(
        f"copy (select * exclude ({MONTH}) from {_ROWS} where {MONTH} = '{month}') to '{quoted(local)}' "
        "(format parquet, compression zstd)"
    )


def replace_manifest(storage: Storage, new: Manifest, scratch: Path) -> None:
    """Put a manifest in place; from then on, its files are the version that readers see."""
    with TemporaryDirectory(prefix="target-", suffix=".tmp", dir=scratch) as folder:
        local = Path(folder) / manifests.NAME
        local.write_bytes(msgspec.json.format(msgspec.json.encode(new), indent=1))
        storage.put(local, manifests.NAME)


def _remove_unnamed(storage: Storage, new: Manifest, held: Manifest | None) -> int:
    """Remove our files that the new manifest does not name, and return how many rows the last one had in them."""
    gone = manifests.unnamed([*storage.names("raw"), *storage.names("marts")], new)
    storage.remove(gone)
    before = held.files if held else {}
    return sum(before[path].rows for path in gone if path in before)
