"""The DuckDB side: a working file that a sync loads and models, and the published file that analysts read.

DuckDB lets one process write or many read, never both. So a sync works on its own file, and puts a copy in the
published one's place by renaming, in one step: readers keep the file they hold, and nobody sees half a run.

    data/portouts.duckdb                      published
    data/.portouts/portouts.duckdb/           everything else that belongs to it
        working.duckdb  dlt/  lock  publishing.duckdb
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from filelock import FileLock, Timeout

from portouts.models import sql_folder
from portouts.records import UnusableRow
from portouts.settings import SettingsError
from portouts.sync_run import NotProven, SyncReport
from portouts.sync_state import SyncState
from portouts.telnyx_api import TelnyxError

READING_ERRORS = (TelnyxError, NotProven, UnusableRow)
# DuckDB 1.4 and the tools built on it can read this format; DuckDB 2 would write its own.
STORAGE_VERSION = "v1.4.0"
DATASET = "raw"
SCHEMAS = (DATASET, "staging", "marts")


class Locked(Exception):
    """Another sync works on this database."""


class LoadFailed(Exception):
    """dlt could not load what was read; the next sync finishes the package or reads again."""


class Interrupted(Exception):
    """The sync was asked to stop, and did so between two chunks."""


class NothingLoaded(Exception):
    """There is no working file yet, so nothing to model or publish."""


class NoWarehouse(Exception):
    """The file to publish to holds something else."""


@dataclass(frozen=True)
class SyncRecord:
    """One row of `raw.syncs`, in the order of its columns; `orders_changed` is counted in the warehouse."""

    sync_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    requests: int
    orders_read: int
    events_read: int
    is_proven: bool

    @classmethod
    def of(
        cls, sync_id: str, as_of: datetime, started_at: datetime, finished_at: datetime, report: SyncReport
    ) -> SyncRecord:
        """Make the row of a sync that has read everything."""
        counts = (report.requests, report.orders_read, report.events_read)
        return cls(sync_id, as_of, started_at, finished_at, *counts, is_proven=not report.unproven)


class Warehouse:
    """One published file and the working state that belongs to it."""

    def __init__(self, database: Path) -> None:
        if database.stem.lower() in SCHEMAS:
            raise SettingsError(
                f"{database}: DuckDB names a database after its file, and this one has a schema of the same name. "
                "Give the file another name."
            )
        self.database = database.absolute()
        self._folder = self.database.parent / ".portouts" / self.database.name
        self._working = self._folder / "working.duckdb"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this database for one sync; the system frees the lock when the process ends, however it ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / "lock")
        holder = self._folder / "lock-holder"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            held_by = holder.read_text().strip() if holder.exists() else "an unknown process"
            raise Locked(f"{self.database} is being synced by {held_by}. Wait for it to finish.") from None
        try:
            holder.write_text(f"process {os.getpid()}\n")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def pipeline(self, destination: str | None = None) -> dlt.Pipeline:
        """Open the dlt pipeline into the working file, or into a destination that dlt knows by name and settings.

        Its state is brought from there when the local one is gone.
        """
        if destination is None:
            self._prepare_working_file()
        try:
            pipeline = dlt.pipeline(
                "portouts",
                destination=destination or dlt.destinations.duckdb(str(self._working)),
                dataset_name=DATASET,
                pipelines_dir=str(self._folder / (f"dlt-{destination}" if destination else "dlt")),
            )
        except UnknownDestinationModule:
            raise SettingsError(f"--destination {destination}: dlt knows no destination of this name.") from None
        # A run that finds an unfinished package finishes it and reads nothing, so that one comes first.
        try:
            if pipeline.has_pending_data:
                pipeline.run()
            pipeline.sync_destination()
        except PipelineStepFailed as error:
            raise _own_error(error) from error
        return pipeline

    def _prepare_working_file(self) -> None:
        """Make the working file: from the published one if only that is left, else empty, in the published format."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._working.exists():
            return
        part = self._fresh("working.part")
        if self.database.exists():
            shutil.copyfile(self.database, part)
            self._require_duckdb(part)
        else:
            with duckdb.connect() as connection:
                connection.execute(f"attach '{_quoted(part)}' (storage_version '{STORAGE_VERSION}')")
        self._fresh(self._working.name)
        part.replace(self._working)

    def _require_duckdb(self, copy: Path) -> None:
        try:
            duckdb.connect(str(copy), read_only=True).close()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(str(copy), str(self.database))
            raise NoWarehouse(f"{self.database} is no warehouse of portouts: {reason}") from None

    def _fresh(self, name: str) -> Path:
        """Name a file of the working folder, without what a killed run may have left there."""
        path = self._folder / name
        for leftover in (path, path.with_name(f"{name}.wal")):
            leftover.unlink(missing_ok=True)
        return path

    def load(self, pipeline: dlt.Pipeline, source: DltSource) -> None:
        """Commit one chunk: rows, history and covered ranges in one load package."""
        formats = pipeline.destination.capabilities().supported_loader_file_formats or ()
        options: dict[str, Any] = {"loader_file_format": "parquet"} if "parquet" in formats else {}
        try:
            pipeline.run(source, **options)
        except PipelineStepFailed as error:
            raise _own_error(error) from error

    def remembered(self, pipeline: dlt.Pipeline) -> SyncState:
        """Read the state that the last committed chunk left."""
        return SyncState.from_json(pipeline.state.get("sources", {}).get("telnyx", {}).get("sync", {}))

    def setting(self, name: str, default: Any) -> Any:
        """Read one of `[sources.telnyx]` through dlt's configuration."""
        value: Any = dlt.config.get(f"sources.telnyx.{name}")
        return default if value is None else value

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the working file for writing."""
        if not self._working.exists():
            raise NothingLoaded(f"{self.database} has nothing to build models from yet. Run `portouts sync` first.")
        connection = duckdb.connect(str(self._working))
        try:
            yield connection
        finally:
            connection.close()

    def as_of(self, connection: duckdb.DuckDBPyConnection) -> datetime:
        """Name the instant up to which the working file has been synced."""
        try:
            found = connection.execute("select as_of from raw.syncs order by as_of desc limit 1").fetchall()
        except duckdb.CatalogException:
            found = []
        if not found:
            raise NothingLoaded(f"{self.database} has not been synced to the end yet. Run `portouts sync` first.")
        as_of: datetime = found[0][0]
        return as_of

    def publish(self) -> None:
        """Put a copy of the working file, without dlt's scratch, in the published one's place, in one step."""
        with duckdb.connect(str(self._working)) as connection:
            connection.execute("checkpoint")
        copy = self._fresh("publishing.duckdb")
        shutil.copyfile(self._working, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute(f"drop schema if exists {DATASET}_staging cascade")
            _mark_published(connection)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        copy.replace(self.database)
        with duckdb.connect(str(self._working)) as connection:
            _mark_published(connection)


def record_sync(connection: duckdb.DuckDBPyConnection, record: SyncRecord, state: SyncState) -> int:
    """Write the sync's row and the ranges covered now; return how many orders changed."""
    connection.execute("set timezone = 'UTC'")
    for table in ("syncs", "covered_ranges"):
        connection.execute((sql_folder() / "raw" / f"{table}.sql").read_text())
    connection.begin()
    changed = "(select count(distinct portout_id) from raw.portout_observations where sync_id = $1)"
    connection.execute(
        f"insert into raw.syncs select $1, $2, $3, $4, $5, $6, $7, {changed}, $8, false", astuple(record)
    )
    connection.execute("delete from raw.covered_ranges")
    for axis, windows in state.covered.items():
        for window in windows:
            connection.execute("insert into raw.covered_ranges values (?, ?, ?)", [axis, window.start, window.end])
    connection.commit()
    [(orders_changed,)] = connection.execute(
        "select orders_changed from raw.syncs where sync_id = ?", [record.sync_id]
    ).fetchall()
    return int(orders_changed)


def _mark_published(connection: duckdb.DuckDBPyConnection) -> None:
    latest = "(select sync_id from raw.syncs order by finished_at desc limit 1)"
    connection.execute(f"update raw.syncs set published = true where sync_id = {latest}")


def _own_error(error: PipelineStepFailed) -> Exception:
    """Find what a load failed of: an error of the reading rooms as it was raised, else dlt's in one line."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, READING_ERRORS):
            return cause
        cause = cause.__cause__ or cause.__context__
    return LoadFailed(f"dlt could not {error.step} a load package: {str(error.exception).splitlines()[0]}")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
