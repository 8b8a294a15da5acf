"""The DuckDB side: a working file that a sync loads and models, and the published file that analysts read.

DuckDB lets one process write or many read, never both. So a sync works on its own file, and puts a copy in the
published one's place by renaming, in one step: readers keep the file they hold, and nobody sees half a run.

    data/portouts.duckdb                      published
    data/.portouts/portouts.duckdb/           everything else that belongs to it
        working.duckdb  dlt/  lock  publishing.duckdb  versions/
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from duckdb import OutOfMemoryException as OutOfMemory
from filelock import FileLock, Timeout

from portouts.dlt_recovery import has_failed, make_ready_to_finish, own_error
from portouts.errors import PortoutsError
from portouts.ledger import NothingLoaded, make_ids_canonical, mark_published
from portouts.models import CheckWarning, ModelFailed, ModelInputs, build_models
from portouts.publication import publish
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
PIPELINE, DATASET = "portouts", "raw"
SCHEMAS = (DATASET, "staging", "marts")


class Locked(PortoutsError):
    """Another sync works on this database."""

    exit_code = 75


class Interrupted(PortoutsError):
    """The sync was asked to stop, and did so between two chunks."""


class CannotWrite(PortoutsError):
    """A folder does not take what has to be written to it."""


class NoWarehouse(PortoutsError):
    """The file to publish to holds something else, or the working file is damaged."""


class Warehouse:
    """One published file and the working state that belongs to it."""

    def __init__(self, database: Path) -> None:
        if database.stem.lower() in SCHEMAS:
            raise SettingsError(
                f"{database}: DuckDB names a database after its file, and this one has a schema of the same name. "
                "Give the file another name."
            )
        self.database = database.resolve()  # of a link, the file is replaced and the link stays
        self.folder = self.database.parent / ".portouts" / self.database.name
        self._working = self.folder / "working.duckdb"
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._is_bounded = True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this database for one sync; the system frees the lock when the process ends, however it ends."""
        lock, holder = FileLock(self.folder / "lock"), self.folder / "lock-holder"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise Locked(f"{self.database} is being synced by {_named_in(holder)}. Wait for it to finish.") from None
        except OSError as error:
            raise CannotWrite(f"{self.folder}: {error.strerror}. Working state has to be written there.") from None
        try:
            holder.write_text(f"process {os.getpid()}\n")
            yield
        finally:
            self._close()
            holder.unlink(missing_ok=True)
            lock.release()

    def pipeline(self, destination: str | None = None) -> Pipeline:
        """Open the dlt pipeline into the working file, or into a destination that dlt knows by name and settings.

        Its state is brought from there when the local one is gone.
        """
        try:
            pipeline = dlt.pipeline(
                PIPELINE,
                destination=destination or dlt.destinations.duckdb(self._open()),
                dataset_name=DATASET,
                pipelines_dir=str(self.folder / (f"dlt-{destination}" if destination else "dlt")),
            )
        except UnknownDestinationModule:
            raise SettingsError(f"--destination {destination}: dlt knows no destination of this name.") from None
        except (ValueError, KeyError):
            if destination or not (damaged := _damaged_json(self.folder / "dlt")):
                raise
            raise NoWarehouse(
                f"{damaged} is damaged. Remove {self.folder / 'dlt'}: it is made again from what is loaded."
            ) from None
        if pipeline.dataset_name != DATASET:
            raise SettingsError(f"dlt would load into {pipeline.dataset_name}, not {DATASET}. Nothing was loaded.")
        # A run that finds an unfinished package finishes it and reads nothing, so that one comes first.
        try:
            if pipeline.has_pending_data:
                if self._connection and has_failed(pipeline):
                    self._connection.execute("reset memory_limit")  # which may be what it failed of
                    self._is_bounded = False
                make_ready_to_finish(pipeline)
                pipeline.run()
            pipeline.sync_destination()
        except PipelineStepFailed as error:
            raise own_error(error) from error
        if self._connection and not destination and not self.remembered(pipeline).are_ids_canonical:
            make_ids_canonical(self._connection)
        return pipeline

    def _open(self) -> duckdb.DuckDBPyConnection:
        """Open the working file once for all that is done under the lock: opening and closing take their time."""
        if self._connection is None:
            self._prepare_working_file()
            self._connection = self._connect()
            threads = min(THREADS, _threads(self._connection))
            self._connection.execute(f"set threads = {threads}")
            self._is_bounded = True
            self._bound_memory()
            # An insert that failed may leave in memory what was never committed. Only the log is to be believed then.
            self._connection.execute("pragma disable_checkpoint_on_shutdown")
        return self._connection

    def _bound_memory(self) -> None:
        """Let DuckDB hold what the file has grown to need, unless it was just given more than that."""
        if self._connection and self._is_bounded:
            size = self._working.stat().st_size / 1_000_000
            limit = max(MEMORY * _threads(self._connection), int(size * MEMORY_PER_MB))
            self._connection.execute(f"set memory_limit = '{limit}MB'")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self._working), config={"preserve_insertion_order": False})
        except duckdb.Error as error:
            if held := re.search(r"lock is held in (.*\(PID \d+\))", str(error)):
                raise Locked(f"{self._working} is open in {held[1]}. Close it there, and sync again.") from None
            reason = str(error).splitlines()[0]
            raise NoWarehouse(
                f"{self._working} cannot be opened: {reason} Remove it: it is made again from what is published."
            ) from None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prepare_working_file(self) -> None:
        """Make the working file: from the published one if only that is left, else empty, in the published format."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._working.exists():
            return
        part = self._fresh("working.part")
        if self.database.exists():
            shutil.copyfile(self.database, part)
            self._require_ours(part)
        else:
            with duckdb.connect() as connection:
                connection.execute(f"attach '{_quoted(part)}' (storage_version '{STORAGE_VERSION}')")
        self._fresh(self._working.name)
        part.replace(self._working)

    def _require_ours(self, copy: Path) -> None:
        """Refuse somebody else's file: the models would drop its schemas, and publishing would replace it."""
        try:
            with duckdb.connect(str(copy), read_only=True) as connection:
                connection.table("raw.syncs")
        except duckdb.Error as error:
            is_other = isinstance(error, duckdb.CatalogException)
            reason = "it holds something else" if is_other else str(error).splitlines()[0]
            copy.unlink()
            raise NoWarehouse(
                f"{self.database} is no warehouse of portouts: {reason.replace(str(copy), str(self.database))}. "
                "Nothing was changed; name another file."
            ) from None

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
            raise own_error(error) from error
        for package in Path(pipeline.working_dir, "load", "loaded").glob("*"):
            shutil.rmtree(package)  # dlt keeps the books of every package for ever, 50 KB each
        pa.default_memory_pool().release_unused()

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

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Write to the working file; a lost one is made again from what was published."""
        if self._connection is None and not self._working.exists() and not self.database.exists():
            raise NothingLoaded(f"{self.database} has nothing to build models from yet. Run `portouts sync` first.")
        with self._open().cursor() as connection:
            yield connection

    def build(self, connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
        """Build staging and marts anew."""
        connection.execute("checkpoint")  # what is compressed is read faster than what has just been loaded
        connection.execute(f"set operator_memory_limit = '{MEMORY_FOR_JOINS * _threads(connection)}MB'")
        try:
            return build_models(connection, inputs)
        except ModelFailed as error:
            if not isinstance(error.__cause__, OutOfMemory):
                raise
            connection.execute("reset memory_limit; reset operator_memory_limit")
            return build_models(connection, inputs)

    def publish(self, keep: int | None = None) -> None:
        """Put a copy of the working file in the published one's place; None leaves the versions kept as they are."""
        with self.connected() as connection:
            connection.execute("checkpoint")
        self._close()
        publish(self._working, self._fresh("publishing.duckdb"), self.database, self.folder / "versions", keep)
        with duckdb.connect(str(self._working)) as connection:
            mark_published(connection)


def _threads(connection: duckdb.DuckDBPyConnection) -> int:
    ((threads,),) = connection.execute("select current_setting('threads')").fetchall()
    return int(threads)


def _named_in(holder: Path) -> str:
    try:
        return holder.read_text().strip() or "an unknown process"
    except FileNotFoundError:
        return "a process that is just ending"


def _damaged_json(folder: Path) -> Path | None:
    for path in folder.rglob("*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return path
    return None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
