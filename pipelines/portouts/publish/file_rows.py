"""The rows of one table of the published file, compared with those that a target has by the hashes of the rows.

Rows are compared as a bag: a row whose hash occurs more or less often than at the target differs. Hashes are compared
in buckets first, so that for a table of a million rows a few thousand sums travel, and then the hashes of some buckets.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from portouts.publish.contents import Table, quoted_name
from portouts.publish.row_hash import hash_in_duckdb, select_of

# Rows that share a bucket, and the most buckets of a table.
_ROWS_OF_A_BUCKET, _MOST_BUCKETS = 32, 1 << 18
# Rows of one batch that is sent.
_BATCH = 20_000

Totals = tuple[int, int]
"""Number of rows, and the sum of their hashes."""


class FileRows:
    """The rows of a table, and a temporary table of their hashes, which the next table replaces."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._connection, self.table = connection, table
        self._hash = hash_in_duckdb(table.columns)
        connection.execute(
            f"create or replace temp table file_hashes as select {self._hash} as hash from {table.quoted}"
        )
        [(rows, checksum)] = connection.execute("select count(*), coalesce(sum(hash), 0) from file_hashes").fetchall()
        self.totals: Totals = (int(rows), int(checksum))
        self.mask = min(_MOST_BUCKETS, 1 << (self.totals[0] // _ROWS_OF_A_BUCKET).bit_length()) - 1
        """A bucket is the hash with all other bits removed."""

    def differing_buckets(self, held: pa.Table) -> pa.Table:
        """Return the buckets in which the target has other hashes; `held` has bucket, row_count and checksum (text)."""
        self._connection.register("held", held)
        return self._read_whole(
            f"""
            with own as (
                select hash & {self.mask} as bucket, count(*) as row_count, cast(sum(hash) as varchar) as checksum
                from file_hashes
                group by bucket
            )
            select coalesce(own.bucket, held.bucket) as bucket
            from own
            full join held on held.bucket = own.bucket
            where own.row_count is distinct from held.row_count or own.checksum is distinct from held.checksum
            """
        )

    def differing_places(self, held: pa.Table, buckets: pa.Table) -> pa.Table:
        """Return the places of rows that the target must lose; `held` has the place and hash of rows in `buckets`.

        Afterwards `new_rows` returns those that it must get.
        """
        self._connection.register("buckets", buckets)
        self._connection.register("held", held)
        self._connection.execute(
            f"""
            create or replace temp table differing as
            select hash
            from (
                select hash, count(*) as row_count
                from file_hashes
                where hash & {self.mask} in (select bucket from buckets)
                group by hash
            ) as own
            full join (select hash, count(*) as row_count from held group by hash) as theirs using (hash)
            where own.row_count is distinct from theirs.row_count
            """
        )
        self._connection.unregister("buckets")
        return self._read_whole("select place from held where hash in (select hash from differing)")

    def new_rows(self) -> pa.RecordBatchReader:
        """Read the rows that the target lacks, after `differing_places`."""
        found = f"(select * from {self.table.quoted} where {self._hash} in (select hash from differing))"
        return self._read(select_of(self.table, found))

    def all_rows(self) -> pa.RecordBatchReader:
        """Read all rows."""
        return self._read(select_of(self.table))

    def _read(self, query: str) -> pa.RecordBatchReader:
        return self._connection.sql(query).to_arrow_reader(_BATCH)

    def _read_whole(self, query: str) -> pa.Table:
        """Read a query about the registered table `held`, and forget that table."""
        try:
            return self._connection.sql(query).to_arrow_table()
        finally:
            self._connection.unregister("held")


def fast_checksum(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Return a checksum that DuckDB computes faster than the sum of row hashes; it depends on the version of DuckDB."""
    names = ", ".join(column.quoted for column in table.columns)
    query = f"select count(*), coalesce(sum(hash(held)), 0) from (select {names} from {table.quoted}) as held"
    [(rows, checksum)] = connection.execute(query).fetchall()
    return f"duckdb-{duckdb.__version__}:{','.join(column.name for column in table.columns)}:{rows}:{checksum}"


def has_key(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Return whether the table has a key whose columns are never null."""
    nulls = " or ".join(f"{quoted_name(name)} is null" for name in table.key)
    return bool(table.key) and not connection.execute(f"select 1 from {table.quoted} where {nulls} limit 1").fetchall()
