"""dlt's pipeline into the working file, or into another engine: opened, and loaded package by package.

Rows, history and covered ranges of a batch are committed in one load package. What the pipeline knows (its state) is
read from the destination, whatever lies in dlt's folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import dlt
import msgspec
import pyarrow as pa
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from duckdb import OutOfMemoryException as OutOfMemory

from portouts.errors import LoadFailed, SettingsError
from portouts.extract.intake import LoadPackage
from portouts.extract.inventory.run import InventoryRun
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.run import SyncRun
from portouts.extract.state import Json, SyncState
from portouts.load.connection import Connection
from portouts.load.news import take_news
from portouts.load.number_news import NUMBERS, take_number_news
from portouts.load.prefetch import PackageRun, Prefetch, prefetched
from portouts.load.recovery import cause_of, finish_pending_load
from portouts.load.source import source_of
from portouts.logs import log
from portouts.measures import Measures
from portouts.telnyx.client import TelnyxClient
from portouts.transform.held_payloads import split_payloads
from portouts.warehouse.accounts.seeding import seeded_state
from portouts.warehouse.folders import DATASET, scratch_of
from portouts.warehouse.rows.accounts import add_account_columns
from portouts.warehouse.rows.corrections import make_ids_canonical
from portouts.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

PIPELINE = "portouts"
# dlt keeps one configuration and one active pipeline per process, so accounts that are read together take turns.
_TURN = RLock()


class RawPipeline:
    """The pipeline that fills the schema `raw` of one warehouse, in its working file or elsewhere."""

    def __init__(self, warehouse: Warehouse, pipeline: dlt.Pipeline, *, is_elsewhere: bool = False) -> None:
        self.warehouse = warehouse
        self._pipeline = pipeline
        self._is_elsewhere = is_elsewhere

    def state(self) -> SyncState:
        """Read the state that the last committed batch left."""
        return SyncState.from_json(self.state_json())

    def state_json(self) -> Json:
        """Return this state as it is stored."""
        found: Json = self._pipeline.state.get("sources", {}).get("telnyx", {}).get("sync", {})
        return found

    def start_from(self, state: Json) -> None:
        """Go on from the state of the file from which this one was made, which dlt has never loaded."""
        with self._pipeline.managed_state() as stored:
            stored.setdefault("sources", {}).setdefault("telnyx", {})["sync"] = state

    def sync(self, connection: Connection, options: SyncOptions, *, is_ahead: bool = True) -> SyncReport:
        """Read a sync and commit package after package; the next one is read while one is loaded."""
        client, callbacks = connection.open(), connection.callbacks
        run = SyncRun(client, options, self.state(), callbacks.on_progress, callbacks.is_stopping)
        self._load_all(client, run, connection.measures, is_ahead=is_ahead and options.batch_rows is not None)
        if options.reads_inventory:
            client = connection.open()
            inventory = InventoryRun(client, options, self.state(), run.report, callbacks.is_stopping)
            self._load_all(client, inventory, connection.measures, is_ahead=False)
        self.warehouse.memory.restore()
        return run.report

    def _load_all(self, client: TelnyxClient, run: PackageRun, measures: Measures, *, is_ahead: bool) -> None:
        with prefetched(client, run, is_ahead=is_ahead) as packages:
            while self._is_read(packages, measures):
                with measures.phase("load"):
                    self._load_next(packages)

    def _is_read(self, packages: Prefetch, measures: Measures) -> bool:
        """Return whether there is another package, once it is read."""
        with measures.phase("read"):
            return packages.has_next()

    def _load_next(self, packages: Prefetch) -> None:
        """Load what is news in the next package. Nothing else holds it then, so memory is free while dlt loads."""
        taken = [self._news_of(packages.take())]
        if taken[0].tables or taken[0].state != self.state_json():
            tables = [*taken[0].tables]
            commit = self.load if tables else self._commit
            rows = {name: len(table) for name, table in taken[0].tables.items()}
            commit(source_of(taken.pop, tables))
            log("load.package", rows=rows)

    def _news_of(self, package: LoadPackage) -> LoadPackage:
        """Leave out what the working file holds. Another engine is not asked what it holds, so all is loaded there."""
        if self._is_elsewhere:
            return package
        with self.warehouse.connected() as connection:
            take = take_number_news if NUMBERS in package.tables else take_news
            return package._replace(tables=take(connection, package))

    def load(self, source: DltSource) -> None:
        """Commit one batch in one load package, in as much memory as a load needs."""
        self.warehouse.bound_memory()
        self._commit(source)

    def _commit(self, source: DltSource) -> None:
        with _TURN:
            self._run(source)

    def _run(self, source: DltSource) -> None:
        formats = self._pipeline.destination.capabilities().supported_loader_file_formats or ()
        options: dict[str, Any] = {"loader_file_format": "parquet"} if "parquet" in formats else {}
        try:
            self._pipeline.run(source, **options)
        except PipelineStepFailed as error:
            cause = cause_of(error)
            if isinstance(cause, OutOfMemory) and self.warehouse.memory.is_on:
                self.warehouse.memory.lift()
                raise LoadFailed(
                    "A load ran out of the memory that DuckDB was given. What was loaded before is kept. Run the sync "
                    "again: DuckDB is given more."
                ) from error
            raise cause from error
        for package in Path(self._pipeline.working_dir, "load", "loaded").glob("*"):
            shutil.rmtree(package)  # dlt keeps a record of every package for ever, 50 KB each
        if not self._is_elsewhere:
            with self.warehouse.connected() as connection:
                _empty_scratch(connection)
        pa.default_memory_pool().release_unused()


def _empty_scratch(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove the rows that dlt has merged, before a checkpoint writes them to the file a second time."""
    scratch = connection.execute(
        f"select table_name from duckdb_tables() where schema_name = '{DATASET}_staging'"  # noqa: S608 - our own name
        " and not starts_with(table_name, '_dlt')"
    )
    for (table,) in scratch.fetchall():
        connection.execute(f"truncate {DATASET}_staging.{table}")


@contextmanager
def raw_pipeline(warehouse: Warehouse, destination: str | None = None) -> Iterator[RawPipeline]:
    """Open the pipeline into the working file, or into a destination that dlt knows by name and settings."""
    folder = warehouse.folder / (f"dlt-{destination}" if destination else "dlt")
    if not destination and folder.exists():  # a load that failed is read again by the next sync
        shutil.rmtree(folder)
    with scratch_of(warehouse.folder) as scratch:
        with _TURN:
            pipeline = _synced(warehouse, destination, scratch / folder.name)
        raw = RawPipeline(warehouse, pipeline, is_elsewhere=destination is not None)
        if not destination and not raw.state_json() and (seeded := seeded_state(warehouse.connection())):
            raw.start_from(msgspec.json.decode(seeded))
        if not destination and not raw.state().are_ids_canonical:
            make_ids_canonical(warehouse.connection())
        if not destination:
            split_payloads(warehouse.connection())
            add_account_columns(warehouse.connection())
        yield raw


def _synced(warehouse: Warehouse, destination: str | None, folder: Path) -> dlt.Pipeline:
    """Open the pipeline with the state that the destination holds."""
    pipeline = _opened(warehouse, destination, folder)
    try:
        if destination:
            pipeline = finish_pending_load(pipeline)
        pipeline.sync_destination()
    except PipelineStepFailed as error:
        raise cause_of(error) from error
    return pipeline


def _opened(warehouse: Warehouse, destination: str | None, folder: Path) -> dlt.Pipeline:
    try:
        pipeline = dlt.pipeline(
            PIPELINE,
            destination=destination or dlt.destinations.duckdb(warehouse.connection()),
            dataset_name=DATASET,
            pipelines_dir=str(folder),
        )
    except UnknownDestinationModule:
        raise SettingsError(f"--destination {destination}: dlt knows no destination of this name.") from None
    if pipeline.dataset_name != DATASET:
        raise SettingsError(f"dlt would load into {pipeline.dataset_name}, not {DATASET}. Nothing was loaded.")
    return pipeline
