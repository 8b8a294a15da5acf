"""How much memory DuckDB may hold: what the file needs, and no more than that.

Whatever is larger is spilled to disk. A load that runs out of this memory leaves a file behind, `wants-memory`; while
it is there, DuckDB takes as much as it does by itself.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

# MB for each of DuckDB's threads. More would only keep it from reading the file again.
MEMORY = 96
# The same while a sync only reads: DuckDB would fill all of its memory with what it has read.
MEMORY_FOR_READING = 32
# MB for each MB of the file, where that is more: what a load has to hold at once grows with what it is merged into.
MEMORY_PER_MB = 2 / 3
THREADS = 4
# How many times as much a build may hold that ran out of memory.
GROWTH = 4


class MemoryLimit:
    """The limit of one working folder."""

    def __init__(self, folder: Path) -> None:
        self._wanted = folder / "wants-memory"

    @property
    def is_on(self) -> bool:
        return not self._wanted.exists()

    def lift(self) -> None:
        """Let the next connections have as much memory as DuckDB takes by itself."""
        self._wanted.touch()

    def restore(self) -> None:
        """Limit the memory again, since all has been loaded."""
        self._wanted.unlink(missing_ok=True)

    def bound_for_reading(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Limit the threads and the memory of a connection that reads a file of any size, and changes little of it."""
        connection.execute(f"set threads = {min(THREADS, threads_of(connection))}")
        if self.is_on:
            connection.execute(f"set memory_limit = '{MEMORY_FOR_READING * threads_of(connection)}MB'")

    def bound(self, connection: duckdb.DuckDBPyConnection, file: Path) -> None:
        """Limit the threads and, where the limit is on, the memory of a connection to this file."""
        connection.execute(f"set threads = {min(THREADS, threads_of(connection))}")
        if self.is_on:
            size = file.stat().st_size / 1_000_000
            limit = max(MEMORY * threads_of(connection), int(size * MEMORY_PER_MB))
            connection.execute(f"set memory_limit = '{limit}MB'")


def bound_joins(connection: duckdb.DuckDBPyConnection) -> None:
    """Let joins hold half of the memory: DuckDB would let them fill all of it, and then fail to write their result."""
    connection.execute(f"set operator_memory_limit = '{_limit_of(connection) // 2}B'")


def grow(connection: duckdb.DuckDBPyConnection) -> bool:
    """Let a connection hold four times as much, at most what DuckDB takes by itself; return whether that is more."""
    limit = _limit_of(connection)
    connection.execute("reset memory_limit")
    own = _limit_of(connection)
    if limit == own:
        return False
    if GROWTH * limit < own:
        connection.execute(f"set memory_limit = '{GROWTH * limit}B'")
    bound_joins(connection)
    return True


def _limit_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many bytes a connection may hold, as DuckDB rounds them."""
    [(limit,)] = connection.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
    return int(limit)


def threads_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many threads DuckDB uses."""
    ((threads,),) = connection.execute("select current_setting('threads')").fetchall()
    return int(threads)
