"""A warehouse: a working file that a sync loads and models, and the published file that analysts read.

DuckDB lets one process write or many read, never both. So a sync works on its own file, and replaces the
published file by a copy in one rename: readers keep the file they hold, and never see an unfinished run.

    data/portouts.duckdb                      published
    data/.portouts/portouts.duckdb/           everything else that belongs to it
        working.duckdb  dlt/  lock  versions/

What a sync knows lies in the working file, in the same load package as the rows that it belongs to. dlt's folder is
scratch: every sync removes it at its start, since it may be newer than the file, or belong to another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb

from portouts.errors import Locked, NothingLoaded
from portouts.warehouse import faults
from portouts.warehouse.accounts.folders import account_folder
from portouts.warehouse.contents.kept import KeptContents, read_kept
from portouts.warehouse.folders import for_the_owner_only, holding_lock, make_folder_of, make_private, places
from portouts.warehouse.leftovers import VERSIONS, RedactionMark
from portouts.warehouse.memory import MemoryLimit
from portouts.warehouse.metadata import certify_contents, forget_old_states, mark_published
from portouts.warehouse.publish import publish, require_place
from portouts.warehouse.working_file import WorkingFile, has_content, write_anew

# Bytes that even a small warehouse may need.
LEAST_SPACE = 16_000_000

T = TypeVar("T")


class Warehouse:
    """One published file, its working file, and the connection to that."""

    def __init__(
        self,
        database: Path,
        state_dir: Path | None = None,
        on_note: Callable[[str], None] = lambda _note: None,
        mode: int | None = None,
        folder: Path | None = None,
    ) -> None:
        self.database, own = places(database, state_dir)  # of a link, the file is replaced and the link stays
        self.folder = folder or own
        self.notes: list[str] = []
        """What the warehouse did that the user did not ask for, such as a repair."""
        self.memory = MemoryLimit(self.folder)
        self.redaction = RedactionMark(self.folder)
        self._on_note, self._mode = on_note, mode  # who may read the published file
        self._working = WorkingFile(self.folder, self.database, self._note)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._kept = KeptContents()

    def of_account(self, name: str) -> Warehouse:
        """Return the warehouse of one account: a working file that is gathered here, and never published itself."""
        folder = account_folder(self.folder, name)
        return Warehouse(folder / "account.duckdb", on_note=self._note, folder=folder)

    def warn_of_little_space(self) -> None:
        """Add a note, before anything is read, if the disk may be too small for the models or the copy to publish."""
        size = max(self._working.path.stat().st_size, LEAST_SPACE)
        places = {self.folder: size, self.database.parent: size}
        if self.folder.stat().st_dev == self.database.parent.stat().st_dev:
            places = {self.folder: 2 * size}
        for folder, needed in places.items():
            if (free := faults.free_space(folder)) < needed:
                self._note(
                    f"{folder}: {free / 1e6:.0f} MB are free, and this may need {needed / 1e6:.0f} MB: the models are "
                    "built beside those that there are, and the published file is replaced by a copy."
                )

    def _note_wait(self, holder: str) -> None:
        self._on_note(f"{self.database} is being synced by {holder}; waiting for it to finish.")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._on_note(text)

    @contextmanager
    def locked(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold this database for one command; wait this long if another command holds it.

        Errors of the machine and damaged files are raised as one sentence.
        """
        with for_the_owner_only(), self._explaining():
            make_folder_of(self.database, self._mode)
            make_private(self.folder)
            with holding_lock(self.database, self.folder, wait_seconds, self._note_wait):
                try:
                    yield
                finally:
                    self.close()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, MemoryError, duckdb.Error) as error:
            kept = "The published file is as it was, and what was loaded before is kept."
            if known := faults.explained(error, self.folder, kept):
                raise known from error
            if faults.is_damage(error):
                raise self._working.damaged(faults.first_line(error)) from error
            raise

    def healing(self, work: Callable[[], T]) -> T:
        """Do some work; if the working file turns out to be damaged, make it again and do the work once more."""
        try:
            return work()
        except duckdb.Error as error:
            if not faults.is_damage(error):
                raise
            self.close()
            self._working.heal(faults.first_line(error))
        return work()

    def rebuild(self) -> None:
        """Make the working file again: from the published one if that is whole, else empty."""
        self.close()
        self._working.rebuild()

    def require_loaded(self) -> None:
        """Raise `NothingLoaded` if nothing was ever loaded, before any file is made."""
        if not has_content(self._working.path) and not has_content(self.database):
            raise NothingLoaded(f"{self.database} has nothing to build models from yet. Run `portouts sync` first.")

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection to the working file; a lost file is made again from the published one."""
        if self._connection is None:
            self.require_loaded()
        with self.connection().cursor() as connection:
            yield connection

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return the one connection for all that is done under the lock: opening and closing take their time."""
        if self._connection is None:
            require_place(self.database, self._mode)
            kept = read_kept(self.folder, self._working.path, self.database)
            unmarked = [] if kept else self._working.prepare()
            self._kept = kept or KeptContents()
            self._connection = self._connect()
            self.memory.bound_for_reading(self._connection)
            # An insert that failed may leave in memory what was never committed, so only the log is written out.
            self._connection.execute("pragma disable_checkpoint_on_shutdown")
            forget_old_states(self._connection)
            if unmarked:
                mark_published(self._connection, unmarked)
        return self._connection

    def bound_memory(self) -> None:
        """Let DuckDB hold what a load or a build of a file of this size needs."""
        if self._connection:  # a load into another engine opens none
            self.memory.bound(self._connection, self._working.path)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._connect_once()
        except duckdb.Error as error:
            if not faults.is_damage(error):
                raise
            self._working.heal(faults.first_line(error))
        return self._connect_once()

    def _connect_once(self) -> duckdb.DuckDBPyConnection:
        path = self._working.path
        try:
            return duckdb.connect(str(path), config={"preserve_insertion_order": False})
        except duckdb.IOException as error:
            if held := re.search(r"lock is held in (.*\(PID \d+\))", str(error)):
                raise Locked(f"{path} is open in {held[1]}. Close it there, and sync again.") from None
            raise

    def close(self) -> None:
        """Close the working file, so that another connection can open it; the next use opens it again."""
        if self._connection is not None:
            with suppress(duckdb.Error):
                self._connection.close()
            self._connection = None

    def rewrite(self) -> int:
        """Rewrite the working file, because free blocks still hold old values; return its size."""
        part = self._working.fresh("rewritten.duckdb")
        with self.connected() as connection:
            write_anew(connection, part)
            connection.execute("checkpoint")
        self.close()
        self._working.replace(part)
        return self._working.path.stat().st_size

    def publish(self, keep: int | None = None) -> None:
        """Replace the published file by a copy of the working file; `keep` None leaves the kept versions unchanged.

        While a redaction is under way, the working file is written anew first.
        """
        if self.redaction.is_set:
            self.rewrite()
        with self.connected() as connection:
            connection.execute("checkpoint")  # so that the file is what is read here, and later compared
            contents, kept = certify_contents(connection, self._kept)
            connection.execute("checkpoint")
        self.close()
        versions = self.folder / VERSIONS
        for note in publish(self._working.path, contents, self.database, versions, keep, self._mode):
            self._note(note)
        # It is published whatever happens now; the next sync notes it where this cannot.
        with suppress(duckdb.Error, OSError):
            with duckdb.connect(str(self._working.path)) as connection:
                mark_published(connection)
            kept.save(self.folder, self._working.path, self.database)
