"""Brings a PostgreSQL server up to date: finds the rows that differ, sends them, compares, and commits all at once.

Both sides hash their rows. Where the sums of a table differ, hashes of buckets show which rows do. The server deletes
its own and inserts those of the file in one transaction, so each reader sees one version, and none waits. The surprise:
tables are not replaced by renaming. A reader in a transaction would find a renamed table empty, and views of others
would keep the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb
import pyarrow as pa

from portouts.errors import TargetFailed
from portouts.publish.contents import Table, quoted_name, read_tables
from portouts.publish.file_rows import FileRows, Totals, fast_checksum, has_key
from portouts.publish.postgresql import tables as statements
from portouts.publish.postgresql.server import Server, connected
from portouts.publish.postgresql.tables import OWN, HeldTable, literal
from portouts.publish.row_hash import hash_in_postgresql
from portouts.publish.target import Sent, Target
from portouts.warehouse.metadata import synced_until

_HELD, _BUCKETS, _GONE, _NEW = "portouts_held", "portouts_buckets", "portouts_gone", "portouts_new"


def publish_to_server(
    target: Target, file: duckdb.DuckDBPyConnection, schemas: Sequence[str], seconds: float, *, whole: bool
) -> Sent:
    """Make the tables of a server equal to those of the published file.

    A table whose rows in the file are those of the last publication is not read at the server, unless `whole`.
    """
    with connected(target, seconds) as server:
        return _Publication(server, file, schemas, whole=whole).run()


class _Publication:
    """One publication to one server."""

    def __init__(self, server: Server, file: duckdb.DuckDBPyConnection, schemas: Sequence[str], *, whole: bool) -> None:
        self._server, self._file, self._schemas, self._is_whole = server, file, schemas, whole
        self._tables = read_tables(file, schemas)
        self._as_of = synced_until(file)

    def run(self) -> Sent:
        self._server.in_transaction(self._prepare)
        sent = self._server.in_transaction(self._update_all)
        sent.notes += self._drop_gone()
        return sent

    def _prepare(self) -> None:
        """Give the tables the columns of this version of portouts, in a short transaction: readers wait for it."""
        statements.prepare(self._server, self._schemas)
        held, own = statements.read_held(self._server, self._schemas), statements.read_own(self._server)
        statements.require_ours(self._tables, held, own)
        for table in self._tables:
            if there := held.get(table.full_name):
                self._alter(table, there)

    def _alter(self, table: Table, held: HeldTable) -> None:
        if held.key and not has_key(self._file, table):
            self._server.execute(statements.drop_key(table, held))
        if altering := statements.alterations(table, held):
            self._server.execute(altering)
            self._server.execute(f"update {OWN} set file_checksum = '' where table_name = {literal(table.full_name)}")

    def _update_all(self) -> Sent:
        sent = Sent()
        held, own = statements.read_held(self._server, self._schemas), statements.read_own(self._server)
        for table in self._tables:
            checksum, there = fast_checksum(self._file, table), held.get(table.full_name)
            if there is None or self._is_whole or own.get(table.full_name) != checksum:
                totals = self._update(table, there, sent)
                self._record(table, totals, checksum)
            self._server.execute_all(statements.comments(table, there))
        return sent

    def _update(self, table: Table, held: HeldTable | None, sent: Sent) -> Totals:
        """Make the rows of one table equal, and return its totals."""
        rows = FileRows(self._file, table)
        before = removed = inserted = (0, 0)
        if held is None:
            self._server.execute(statements.create(table))
            inserted = self._insert(table, rows.all_rows())
            self._server.execute_all(statements.indexes(table, has_key=has_key(self._file, table)))
        elif (before := self._hash_held(table)) != rows.totals:
            removed = self._delete(table, rows)
            inserted = self._insert(table, rows.new_rows())
        if before != rows.totals or held is None:
            sent.tables += 1
            sent.rows += inserted[0]
            sent.removed += removed[0]
        found = (before[0] - removed[0] + inserted[0], before[1] - removed[1] + inserted[1])
        if found != rows.totals:
            raise TargetFailed(
                f"{table.full_name} there would have {found[0]} rows with the checksum {found[1]}, and the file has "
                f"{rows.totals[0]} with {rows.totals[1]}, so nothing was changed"
            )
        return rows.totals

    def _hash_held(self, table: Table) -> Totals:
        """Let the server hash the rows that it has."""
        self._server.execute(f"drop table if exists pg_temp.{_HELD}")
        self._server.execute(
            f"create temp table {_HELD} on commit drop as "
            f"select ctid as place, {hash_in_postgresql(table.columns)} as hash from {table.quoted}"
        )
        return self._totals(f"from pg_temp.{_HELD}")

    def _delete(self, table: Table, rows: FileRows) -> Totals:
        """Delete the rows that the file does not have, and return the totals of what was deleted."""
        buckets = rows.differing_buckets(
            self._server.fetch_arrow(
                f"select hash & {rows.mask} as bucket, count(*) as row_count, sum(hash)::text as checksum "
                f"from pg_temp.{_HELD} group by 1"
            )
        )
        self._temporary(_BUCKETS, "bucket bigint")
        self._server.copy(_BUCKETS, buckets)
        held = self._server.fetch_arrow(
            f"select place::text as place, hash from pg_temp.{_HELD} "
            f"where hash & {rows.mask} in (select bucket from pg_temp.{_BUCKETS})"
        )
        places = rows.differing_places(held, buckets)
        self._server.execute(f"drop table pg_temp.{_BUCKETS}")
        if not places.num_rows:
            return 0, 0
        self._temporary(_GONE, "place text")
        self._server.copy(_GONE, places)
        places_there = f"array(select place::tid from pg_temp.{_GONE})"
        deleted = self._totals(
            "from deleted",
            f"with deleted as (delete from {table.quoted} where ctid = any ({places_there}) "
            f"returning {hash_in_postgresql(table.columns)} as hash) ",
        )
        self._server.execute(f"drop table pg_temp.{_GONE}")
        return deleted

    def _insert(self, table: Table, rows: pa.RecordBatchReader) -> Totals:
        """Insert rows, and return the totals of what arrived at the server."""
        self._temporary(_NEW, statements.columns_of(table))
        self._server.copy(_NEW, rows)
        names = statements.names_of(table)
        self._server.execute(f"insert into {table.quoted} ({names}) select {names} from pg_temp.{_NEW}")
        inserted = self._totals(f"from (select {hash_in_postgresql(table.columns)} as hash from pg_temp.{_NEW}) as new")
        self._server.execute(f"drop table pg_temp.{_NEW}")
        return inserted

    def _record(self, table: Table, totals: Totals, checksum: str) -> None:
        values = (table.full_name, str(totals[1]), checksum, self._as_of.isoformat())
        name, total, of_file, as_of = map(literal, values)
        self._server.execute(
            f"insert into {OWN} (table_name, row_count, checksum, file_checksum, as_of) "
            f"values ({name}, {totals[0]}, {total}, {of_file}, {as_of}) on conflict (table_name) do update set "
            "row_count = excluded.row_count, checksum = excluded.checksum, file_checksum = excluded.file_checksum, "
            "as_of = excluded.as_of, copied_at = now()"
        )

    def _drop_gone(self) -> list[str]:
        """Drop tables that this version does not publish any more; return notes on those that others still need."""
        own = self._server.in_transaction(lambda: statements.read_own(self._server))
        notes = []
        for name in own.keys() - {table.full_name for table in self._tables}:
            try:
                self._server.in_transaction(partial(self._drop, name))
            except TargetFailed as error:
                notes.append(f"{name} is no longer published, and could not be dropped: {error}.")
        return notes

    def _drop(self, name: str) -> None:
        schema, _, table = name.partition(".")
        self._server.execute(f"drop table if exists {quoted_name(schema)}.{quoted_name(table)}")
        self._server.execute(f"delete from {OWN} where table_name = {literal(name)}")

    def _temporary(self, name: str, columns: str) -> None:
        self._server.execute(f"create temp table {name} ({columns}) on commit drop")

    def _totals(self, source: str, before: str = "") -> Totals:
        [(rows, checksum)] = self._server.fetch(
            f"{before}select count(*), coalesce(sum(hash), 0)::text as checksum {source}"
        )
        return int(rows), int(checksum)
