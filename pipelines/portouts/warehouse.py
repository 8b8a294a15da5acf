"""The DuckDB side: a working file that a sync loads and models, and the published file that analysts read.

DuckDB lets one process write or many read, never both. So a sync works on its own file, and puts a copy in the
published one's place by renaming, in one step: readers keep the file they hold, and nobody sees half a run.

    data/portouts.duckdb                      published
    data/.portouts/portouts.duckdb/           everything else that belongs to it
        working.duckdb  dlt/  lock  versions/

What a sync remembers lies in the working file, in the same load package as the rows that it speaks of. dlt's folder is
scratch: it is removed at the start of every sync, since it may be newer than the file, or belong to another one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import dlt
import duckdb
import pyarrow as pa
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from duckdb import OutOfMemoryException as OutOfMemory
from filelock import FileLock, Timeout

from portouts import faults
from portouts.checks import CheckWarning
from portouts.contents import compare_files, quoted, read_contents
from portouts.dlt_recovery import LoadFailed, finish_and_forget, own_error
from portouts.errors import PortoutsError
from portouts.ledger import NothingLoaded, certify_contents, forget_old_states, make_ids_canonical, mark_published
from portouts.models import ModelInputs, build_models
from portouts.patience import Interrupted
from portouts.places import (
    for_the_owner_only,
    make_private,
    new_file,
    scratch_of,
    working_folder,
)
from portouts.publication import publish, require_place
from portouts.settings import SettingsError
from portouts.sync_state import SyncState
from portouts.telnyx_source import Supervision

Pipeline = dlt.Pipeline
# DuckDB 1.4 and the tools built on it can read this format; DuckDB 2 would write its own.
STORAGE_VERSION = "v1.4.0"
# MB that DuckDB may hold in memory for each of its threads. More would only keep it from reading the file again; what
# is larger is spilled. Where that is too little after all, the next try may have as much as DuckDB takes by itself.
MEMORY = 96
# Of these, what the joins of a build may hold. DuckDB would let them fill all of it, and then not write what they make.
MEMORY_FOR_JOINS = 32
# MB for each MB of the file, where that is more: what a load has to hold at once grows with what it is merged into.
MEMORY_PER_MB = 1 / 3
THREADS = 4
# Bytes that even a small warehouse may need.
LEAST_SPACE = 16_000_000
PIPELINE, DATASET = "portouts", "raw"
SCHEMAS = (DATASET, "staging", "marts")


class Locked(PortoutsError):
    """Another sync works on this database."""

    exit_code = 75


class NoWarehouse(PortoutsError):
    """The file to publish to holds something else, or what there is is damaged."""


class _Damaged(NoWarehouse):
    """The published file cannot be read whole."""


Found = TypeVar("Found")


class Warehouse:
    """One published file and the working state that belongs to it."""

    def __init__(
        self, database: Path, state_dir: Path | None = None, on_note: Callable[[str], None] = lambda _note: None
    ) -> None:
        if database.stem.lower() in SCHEMAS:
            raise SettingsError(
                f"{database}: DuckDB names a database after its file, and this one has a schema of the same name. "
                "Give the file another name."
            )
        self.database = database.resolve()  # of a link, the file is replaced and the link stays
        self.folder = working_folder(self.database, state_dir)
        if "\\" in f"{self.database}{self.folder}":
            raise SettingsError(f"{self.database}: DuckDB takes a backslash for a slash. Use a path without one.")
        self.notes: list[str] = []
        """What was done that nobody asked for."""
        self._on_note = on_note
        self._working = self.folder / "working.duckdb"
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._wants_memory = self.folder / "wants-memory"
        self._is_bounded = True
        self._unmarked: list[str] = []
        """Syncs that were published, of which the working file does not say so."""
        self._ending = ExitStack()

    def warn_of_little_space(self) -> None:
        """Note, before anything is read, where the models or the copy to publish may not fit."""
        size = max(self._working.stat().st_size, LEAST_SPACE)
        places = {self.folder: size, self.database.parent: size}
        if self.folder.stat().st_dev == self.database.parent.stat().st_dev:
            places = {self.folder: 2 * size}
        for folder, needed in places.items():
            if (free := faults.free_space(folder)) < needed:
                self._note(
                    f"{folder}: {free / 1e6:.0f} MB are free, and this may need {needed / 1e6:.0f} MB: the models are "
                    "built beside those that there are, and the published file is replaced by a copy."
                )

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._on_note(text)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this database for one sync; the system frees the lock when the process ends, however it ends.

        What the machine or a damaged file did to the work is raised as one sentence.
        """
        with for_the_owner_only(), self._explaining():
            make_private(self.folder)
            lock, holder = FileLock(self.folder / "lock", mode=0o600), self.folder / "lock-holder"
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise Locked(
                    f"{self.database} is being synced by {_named_in(holder)}. Wait for it to finish."
                ) from None
            try:
                holder.write_text(f"process {os.getpid()}\n")
                with ExitStack() as self._ending:
                    yield
            finally:
                self._close()
                with suppress(OSError):
                    holder.unlink(missing_ok=True)
                lock.release()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, MemoryError, duckdb.Error) as error:
            kept = "The published file is as it was, and what was loaded before is kept."
            if known := faults.explained(error, self.folder, kept):
                raise known from error
            if faults.is_damage(error):
                raise self._damaged(faults.first_line(error)) from error
            raise

    def _damaged(self, reason: str) -> NoWarehouse:
        return NoWarehouse(
            f"{self._working} is damaged: {reason}. `portouts sync --rebuild` makes it again: from the published file "
            "where that is whole, else by a full load."
        )

    def healing(self, work: Callable[[], Found]) -> Found:
        """Do some work; where the working file turns out to be damaged, make it again and do the work once more."""
        try:
            return work()
        except duckdb.Error as error:
            if not faults.is_damage(error):
                raise
            self._close()
            self._heal(faults.first_line(error))
        return work()

    def pipeline(self, destination: str | None = None) -> Pipeline:
        """Open the dlt pipeline into the working file, or into a destination that dlt knows by name and settings.

        Its state is brought from there, whatever lies in dlt's folder.
        """
        folder = self.folder / (f"dlt-{destination}" if destination else "dlt")
        if not destination:  # a load that failed is read again by the next sync, on a file opened anew
            self._open()
            if folder.exists():
                shutil.rmtree(folder)
        try:
            pipeline = dlt.pipeline(
                PIPELINE,
                destination=destination or dlt.destinations.duckdb(self._open()),
                dataset_name=DATASET,
                pipelines_dir=str(self._ending.enter_context(scratch_of(self.folder)) / folder.name),
            )
        except UnknownDestinationModule:
            raise SettingsError(f"--destination {destination}: dlt knows no destination of this name.") from None
        if pipeline.dataset_name != DATASET:
            raise SettingsError(f"dlt would load into {pipeline.dataset_name}, not {DATASET}. Nothing was loaded.")
        try:
            if destination:
                pipeline = finish_and_forget(pipeline)
            pipeline.sync_destination()
        except PipelineStepFailed as error:
            raise own_error(error) from error
        if self._connection and not destination and not self.remembered(pipeline).are_ids_canonical:
            make_ids_canonical(self._connection)
        return pipeline

    def _open(self) -> duckdb.DuckDBPyConnection:
        """Open the working file once for all that is done under the lock: opening and closing take their time."""
        if self._connection is None:
            require_place(self.database)
            self._prepare_working_file()
            self._connection = self._connect()
            threads = min(THREADS, _threads(self._connection))
            self._connection.execute(f"set threads = {threads}")
            self._is_bounded = not self._wants_memory.exists()
            self._bound_memory()
            # An insert that failed may leave in memory what was never committed. Only the log is to be believed then.
            self._connection.execute("pragma disable_checkpoint_on_shutdown")
            forget_old_states(self._connection)
            if self._unmarked:
                mark_published(self._connection, self._unmarked)
        return self._connection

    def _bound_memory(self) -> None:
        """Let DuckDB hold what the file has grown to need, unless a load ran out of that."""
        if self._connection and self._is_bounded:
            size = self._working.stat().st_size / 1_000_000
            limit = max(MEMORY * _threads(self._connection), int(size * MEMORY_PER_MB))
            self._connection.execute(f"set memory_limit = '{limit}MB'")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._connect_once()
        except duckdb.Error as error:
            if not faults.is_damage(error):
                raise
            self._heal(faults.first_line(error))
        return self._connect_once()

    def _connect_once(self) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self._working), config={"preserve_insertion_order": False})
        except duckdb.IOException as error:
            if held := re.search(r"lock is held in (.*\(PID \d+\))", str(error)):
                raise Locked(f"{self._working} is open in {held[1]}. Close it there, and sync again.") from None
            raise

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(duckdb.Error):
                self._connection.close()
            self._connection = None

    # The working file: made, made again, or left as it is

    def rebuild(self) -> None:
        """Make the working file again: from the published one where that is whole, else empty."""
        self._close()
        if _is_file(self.database):
            try:
                self._restore()
                self._note(f"The working file was made again from {self.database}. This sync reads what is newer.")
                return
            except NoWarehouse as error:
                if not isinstance(error, _Damaged):
                    raise
                self._note(f"{error} All is read again.")
        else:
            self._note("The working file is made from nothing, since none is published. All is read again.")
        self._make_empty()

    def _prepare_working_file(self) -> None:
        """Make the working file where it is missing, and make it again where the published one is newer."""
        if _is_file(self._working):
            self._take_newer_published()
        elif _is_file(self.database):
            self._restore()
        else:
            self._make_empty()

    def _take_newer_published(self) -> None:
        """Go on from the published file where it holds syncs that the working file, put back perhaps, does not."""
        if not _is_file(self.database):
            return
        with self._readable(self.database) as published:
            try:
                compared = compare_files(self._working, published)
            except duckdb.Error:
                return  # one of them cannot be read: the working file says so next, and the other one is replaced
        if compared.is_foreign:
            raise self._foreign()
        if compared.are_unrelated:
            raise NoWarehouse(
                f"{self.database} and the working state in {self.folder} belong to different warehouses: no sync is in "
                "both. To go on from the published file, run `portouts sync --rebuild`; to go on from the working "
                "state, move the published file away."
            )
        if compared.is_working_older:
            self._restore()
            self._note(
                f"{self.database} was newer than {self._working}, so that was made again from it. What is missing is "
                "read again."
            )
        self._unmarked = compared.unmarked

    def _foreign(self) -> NoWarehouse:
        return NoWarehouse(
            f"{self.database} is no warehouse of portouts: it holds something else. Nothing was changed; name another "
            "file."
        )

    @contextmanager
    def _readable(self, path: Path) -> Iterator[Path]:
        """Name a published file to look at; a log that another program left beside it does not belong to it."""
        if not path.with_name(f"{path.name}.wal").exists():
            yield path
            return
        copy = self._fresh("looked-at.duckdb")
        shutil.copyfile(path, new_file(copy))
        try:
            yield copy
        finally:
            copy.unlink()

    def _heal(self, reason: str) -> None:
        """Make a damaged working file again from the published one; raises `NoWarehouse` where that is damaged too."""
        if not _is_file(self.database):
            raise self._damaged(reason)
        try:
            self._restore()
        except _Damaged as error:
            raise NoWarehouse(f"{self._damaged(reason)} {error}") from None
        self._note(
            f"{self._working} was damaged ({reason}). It was made again from {self.database}; what was loaded since is "
            "read again."
        )

    def _restore(self) -> None:
        """Make the working file from the published one, once every block of that has been read."""
        part = self._fresh("working.part")
        shutil.copyfile(self.database, new_file(part))
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
            reason = faults.first_line(error).replace(str(part), str(self.database))
            raise _Damaged(
                f"{self.database} is damaged, or no warehouse of portouts: {reason}. Put a whole copy of it back, or "
                "run `portouts sync --rebuild`, which reads everything again."
            ) from None
        self._put_in_place(part)

    def _make_empty(self) -> None:
        """Make an empty working file in the format in which it is published."""
        part = self._fresh("working.part")
        with duckdb.connect() as connection:
            connection.execute(f"attach '{quoted(part)}' (storage_version '{STORAGE_VERSION}')")
        self._put_in_place(part)

    def _put_in_place(self, part: Path) -> None:
        """Replace the working file and its log, and forget what dlt has made for it."""
        self._fresh(self._working.name)
        part.replace(self._working)

    def _fresh(self, name: str) -> Path:
        """Name a file of the working folder, without what a killed run may have left there."""
        path = self.folder / name
        for leftover in (path, path.with_name(f"{name}.wal")):
            leftover.unlink(missing_ok=True)
        return path

    def load(self, pipeline: Pipeline, source: DltSource) -> None:
        """Commit one chunk: rows, history and covered ranges in one load package."""
        formats = pipeline.destination.capabilities().supported_loader_file_formats or ()
        options: dict[str, Any] = {"loader_file_format": "parquet"} if "parquet" in formats else {}
        self._bound_memory()
        try:
            pipeline.run(source, **options)
        except PipelineStepFailed as error:
            cause = own_error(error)
            if isinstance(cause, OutOfMemory) and self._is_bounded:
                raise self._more_memory_next_time() from error
            raise cause from error
        self._wants_memory.unlink(missing_ok=True)
        for package in Path(pipeline.working_dir, "load", "loaded").glob("*"):
            shutil.rmtree(package)  # dlt keeps the books of every package for ever, 50 KB each
        pa.default_memory_pool().release_unused()

    def _more_memory_next_time(self) -> LoadFailed:
        self._wants_memory.touch()
        return LoadFailed(
            "A load ran out of the memory that DuckDB was given. What was loaded before is kept. Run the sync again: "
            "DuckDB is given more."
        )

    def load_all(self, pipeline: Pipeline, source: DltSource, supervision: Supervision) -> None:
        """Commit chunk after chunk, until all is read or the sync is asked to stop."""
        report = supervision.report
        with supervision.ending:
            while not report.is_done:
                self.load(pipeline, source)
                if supervision.is_stopping() and not report.is_read_ahead and not report.is_done:
                    raise Interrupted("Stopped as asked. What was read is kept; run the sync again to go on.")

    def remembered(self, pipeline: Pipeline) -> SyncState:
        """Read the state that the last committed chunk left."""
        return SyncState.from_json(pipeline.state.get("sources", {}).get("telnyx", {}).get("sync", {}))

    def require_loaded(self) -> None:
        """Refuse where nothing was ever loaded, before anything is made."""
        if not _is_file(self._working) and not _is_file(self.database):
            raise NothingLoaded(f"{self.database} has nothing to build models from yet. Run `portouts sync` first.")

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Write to the working file; a lost one is made again from what was published."""
        if self._connection is None:
            self.require_loaded()
        with self._open().cursor() as connection:
            yield connection

    def build(self, connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
        """Build staging and marts anew."""
        connection.execute("checkpoint")  # what is compressed is read faster than what has just been loaded
        connection.execute(f"set operator_memory_limit = '{MEMORY_FOR_JOINS * _threads(connection)}MB'")
        try:
            return build_models(connection, inputs)
        except OutOfMemory:
            connection.execute("reset memory_limit; reset operator_memory_limit")
            return build_models(connection, inputs)

    def rewrite(self) -> None:
        """Write the working file anew: free blocks of it still hold what was replaced or removed."""
        part = self._fresh("rewritten.duckdb")
        with self.connected() as connection:
            connection.execute("drop schema if exists raw_staging cascade")
            connection.execute(f"attach '{quoted(part)}' as rewritten (storage_version '{STORAGE_VERSION}')")
            connection.execute(f'copy from database "{self._working.stem}" to rewritten')
            connection.execute("detach rewritten")
            connection.execute("checkpoint")
        self._close()
        self._working.with_name(f"{self._working.name}.wal").unlink(missing_ok=True)  # empty, since all is in the file
        part.replace(self._working)
        if versions := sorted((self.folder / "versions").glob("*.duckdb")):
            names = ", ".join(map(str, versions))
            self._note(f"Versions kept from before may still hold personal data as it was: {names}. Remove them.")

    def publish(self, keep: int | None = None) -> None:
        """Put a copy of the working file in the published one's place; None leaves the versions kept as they are."""
        with self.connected() as connection:
            connection.execute("checkpoint")  # so that the file is what is read here, and later compared
            contents = certify_contents(connection)
            connection.execute("checkpoint")
        self._close()
        for note in publish(self._working, contents, self.database, self.folder / "versions", keep):
            self._note(note)
        # It is published whatever happens now; the next sync notes it where this cannot.
        with suppress(duckdb.Error, OSError), duckdb.connect(str(self._working)) as connection:
            mark_published(connection)


def _threads(connection: duckdb.DuckDBPyConnection) -> int:
    ((threads,),) = connection.execute("select current_setting('threads')").fetchall()
    return int(threads)


def _named_in(holder: Path) -> str:
    try:
        return holder.read_text().strip() or "an unknown process"
    except FileNotFoundError:
        return "a process that is just ending"


def _is_file(path: Path) -> bool:
    """Say whether a file lies there that holds something: an empty one is none yet."""
    return path.is_file() and path.stat().st_size > 0
