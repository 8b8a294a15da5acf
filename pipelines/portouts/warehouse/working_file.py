"""The working file of a warehouse: used as it is, made anew, or made again from the published file.

Where it is missing, damaged or older than the published file, it is a copy of that, once every block of the copy has
been read. The surprise: a published file that holds syncs which the working file does not is newer, whatever the clock
says; nothing that was published is ever lost by a working file put back from a backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from portouts.errors import Damaged, MachineFault, NoWarehouse
from portouts.warehouse import faults
from portouts.warehouse.contents.checksums import count_rows, read_contents
from portouts.warehouse.contents.comparison import compare_files
from portouts.warehouse.copies import copy
from portouts.warehouse.sql import quoted

# DuckDB 1.4 and the tools built on it can read this format; DuckDB 2 would write its own.
STORAGE_VERSION = "v1.4.0"
# Each table takes whole blocks: with blocks of 256 KB, DuckDB's default, the small tables took 10 MB together.
BLOCK_SIZE = 65536
NEW_FILE = f"(storage_version '{STORAGE_VERSION}', block_size {BLOCK_SIZE})"


class WorkingFile:
    """The file that a sync writes to, `working.duckdb`, beside the `published` one that it is copied to."""

    def __init__(self, folder: Path, published: Path, on_note: Callable[[str], None]) -> None:
        self.folder = folder
        self.path = folder / "working.duckdb"
        self._published = published
        self._note = on_note

    def prepare(self) -> list[str]:
        """Make the file if it is missing, and make it again if the published one is newer.

        Returns the ids of syncs that were published although this file does not say so.
        """
        if has_content(self.path):
            return self._follow_published() if has_content(self._published) else []
        if has_content(self._published):
            self._restore()
        else:
            self.make_empty()
        return []

    def _follow_published(self) -> list[str]:
        with self._readable(self._published) as published:
            try:
                compared = compare_files(self.path, published)
            except duckdb.Error:
                return []  # one of them cannot be read: this one says so next, and the published one is replaced
        if compared.is_foreign:
            raise self._foreign()
        if compared.are_unrelated:
            raise NoWarehouse(
                f"{self._published} and the working state in {self.folder} belong to different warehouses: no sync is "
                "in both. To go on from the published file, run `portouts sync --rebuild`; to go on from the working "
                "state, move the published file away."
            )
        if compared.is_working_older:
            self._restore()
            self._note(
                f"{self._published} was newer than {self.path}, so that was made again from it. What is missing is "
                "read again."
            )
        return compared.unmarked

    def rebuild(self) -> None:
        """Make the file again: from the published one if that is whole, else empty."""
        if has_content(self._published):
            try:
                self._restore()
                self._note(f"The working file was made again from {self._published}. This sync reads what is newer.")
                return
            except Damaged as error:
                self._note(f"{error} All is read again.")
        else:
            self._note("The working file is made from nothing, since none is published. All is read again.")
        self.make_empty()

    def heal(self, reason: str) -> None:
        """Make the damaged file again from the published one; raise `NoWarehouse` if that is damaged too."""
        if not has_content(self._published):
            raise self.damaged(reason)
        try:
            self._restore()
        except Damaged as error:
            raise NoWarehouse(f"{self.damaged(reason)} {error}") from None
        self._note(
            f"{self.path} was damaged ({reason}). It was made again from {self._published}; what was loaded since is "
            "read again."
        )

    def damaged(self, reason: str) -> NoWarehouse:
        """Make the error that says what to do about a damaged file."""
        return NoWarehouse(
            f"{self.path} is damaged: {reason}. `portouts sync --rebuild` makes it again: from the published file "
            "where that is whole, else by a full load."
        )

    def _foreign(self) -> NoWarehouse:
        return NoWarehouse(
            f"{self._published} is no warehouse of portouts: it holds something else. Nothing was changed; name "
            "another file."
        )

    @contextmanager
    def _readable(self, path: Path) -> Iterator[Path]:
        """Yield a copy of a file that has another program's log beside it, else the file itself."""
        if not path.with_name(f"{path.name}.wal").exists():
            yield path
            return
        looked_at = self.fresh("looked-at.duckdb")
        copy(path, looked_at)
        try:
            yield looked_at
        finally:
            looked_at.unlink()

    def _restore(self) -> None:
        """Copy the published file into this one's place, once every block of the copy has been read."""
        part = self.fresh("working.part")
        copy(self._published, part)
        try:
            with duckdb.connect(str(part), read_only=True) as connection:
                connection.table("raw.syncs")
                read_contents(connection)
        except duckdb.CatalogException:
            part.unlink()
            raise self._foreign() from None
        except duckdb.Error as error:
            part.unlink()
            if faults.is_of_machine(error):
                raise
            reason = faults.first_line(error).replace(str(part), str(self._published))
            raise Damaged(
                f"{self._published} is damaged, or no warehouse of portouts: {reason}. Put a whole copy of it back, or "
                "run `portouts sync --rebuild`, which reads everything again."
            ) from None
        self.replace(part)

    def make_empty(self) -> None:
        """Make an empty file in the format in which it is published."""
        part = self.fresh("working.part")
        with duckdb.connect() as connection:
            connection.execute(f"attach '{quoted(part)}' {NEW_FILE}")
        self.replace(part)

    def replace(self, part: Path) -> None:
        """Put another file in this one's place, once the log of this one is gone: it would count as the other's."""
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        part.replace(self.path)

    def fresh(self, name: str) -> Path:
        """Name a file of the working folder, and remove what a killed run may have left there."""
        path = self.folder / name
        for leftover in (path, path.with_name(f"{name}.wal")):
            leftover.unlink(missing_ok=True)
        return path


def write_anew(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write all tables and views of the open file, except dlt's scratch, into a new file, which has no free blocks.

    The surprise: DuckDB writes no checkpoint at a detach where it writes none at a shutdown, and leaves all in the log.
    """
    [(name,)] = connection.execute("select current_database()").fetchall()
    connection.execute("drop schema if exists raw_staging cascade")
    connection.execute(f"attach '{quoted(target)}' as rewritten {NEW_FILE}")
    connection.execute(f'copy from database "{name}" to rewritten')
    connection.execute("checkpoint rewritten")
    connection.execute("detach rewritten")
    with duckdb.connect(str(target), read_only=True) as written:
        if count_rows(written) != count_rows(connection):
            raise MachineFault(
                f"{target} does not hold what was written into it. Nothing was replaced; run this again."
            )


def has_content(path: Path) -> bool:
    """Return whether there is a file that is not empty: an empty one holds no database yet."""
    return path.is_file() and path.stat().st_size > 0
