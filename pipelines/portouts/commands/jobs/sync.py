"""The whole of one sync: lock, load batch by batch, verify, record, model, check, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portouts.commands.jobs.loading.outcome import AccountOutcome
from portouts.commands.jobs.loading.rows import LoadedRows, SyncRequest, load_rows, options_of, record_rows
from portouts.commands.jobs.publishing.targets import publish
from portouts.errors import SettingsError
from portouts.extract.options import NO_CALLBACKS, Callbacks, SyncReport
from portouts.load.connection import Connection, OpenClient
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.redaction import finish_redaction, redact_rows
from portouts.load.settings.remembered import record_settings
from portouts.logs import log
from portouts.measures import Measures
from portouts.telnyx.client import TelnyxClient
from portouts.transform.build import Build, must_compute_orders, update_in_limited_memory
from portouts.transform.checks import CheckWarning
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.metadata import Certificate, holds_accounts, record_build
from portouts.warehouse.rows.answers import complete_unfinished_attempts
from portouts.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

    from portouts.publish.target import TargetOutcome

__all__ = ["SyncOutcome", "SyncRequest", "build_after_sync", "run_load", "run_sync"]


@dataclass(frozen=True)
class SyncOutcome:
    """The result of a finished sync."""

    database: Path
    as_of: datetime
    report: SyncReport
    orders_changed: int
    build: Build
    seconds: float
    """Seconds from before the first request until the publication."""
    certificate: Certificate | None = None
    noted: list[str] = field(default_factory=list)
    """What the warehouse did on its own; shown to the user at that time."""
    measures: Measures = field(default_factory=Measures)
    targets: list[TargetOutcome] = field(default_factory=list)
    """What came of each target of `[publish]`."""
    accounts: list[AccountOutcome] = field(default_factory=list)
    """What came of each account; empty if no accounts are set up."""

    @property
    def is_proven(self) -> bool:
        return not self.report.unproven

    @property
    def warnings(self) -> list[CheckWarning]:
        return self.build.warnings


def run_sync(
    warehouse: Warehouse,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks = NO_CALLBACKS,
    open_client: OpenClient = TelnyxClient,
) -> SyncOutcome:
    """Bring the warehouse to `as_of` and publish it; a failure leaves the published file unchanged."""
    log("sync.started", database=str(warehouse.database))
    with warehouse.locked(), isolated_dlt(warehouse.folder):
        if request.rebuild:
            warehouse.rebuild()

        def work() -> SyncOutcome:
            with raw_pipeline(warehouse) as raw:
                return _sync(raw, request, clock, callbacks, open_client)

        return warehouse.healing(work)


def _sync(
    raw: RawPipeline,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    open_client: OpenClient,
) -> SyncOutcome:
    warehouse = raw.warehouse
    with warehouse.connected() as connection:
        if holds_accounts(connection):
            raise SettingsError(
                f"{warehouse.database} holds several accounts, and none are set up here. Set them up as tables "
                "[sources.telnyx.accounts.NAME] with api_key, or name another --database."
            )
    warehouse.warn_of_little_space()
    loaded = load_rows(raw, request, clock, callbacks, open_client)
    request, report, measures = loaded.request, loaded.report, loaded.measures
    with measures.phase("build"):
        changed, build = _record(raw, loaded, clock())
    with measures.phase("publish"):
        targets = publish(warehouse, request.settings.publish, report.as_of, callbacks.is_stopping, request.keep)
    if warehouse.redaction.is_set:
        report.notes += finish_redaction(warehouse, request.settings, report.as_of).notes
    seconds = (clock() - loaded.started_at).total_seconds()
    done = warehouse.database, report.as_of, report, changed, build, seconds
    return SyncOutcome(*done, loaded.certificate, warehouse.notes, measures, targets)


def _record(raw: RawPipeline, loaded: LoadedRows, finished_at: datetime) -> tuple[int, Build]:
    """Write the records of a sync and build the models; return how many orders changed, and what was built."""
    settings, as_of = loaded.request.settings, loaded.report.as_of
    with raw.warehouse.connected() as connection:
        changed = record_rows(connection, raw, loaded, finished_at)
        complete_unfinished_attempts(connection, finished_at)
        record_settings(connection, settings, as_of)
        if raw.warehouse.redaction.is_set:
            raw.warehouse.bound_memory()
            redact_rows(connection, settings, as_of)
        build = build_after_sync(raw.warehouse, connection, settings.inputs(as_of))
        record_build(connection, loaded.request.sync_id, build.kind, build.reason)
    return changed, build


def build_after_sync(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> Build:
    """Build what changed, in as much memory as that needs."""
    if must_compute_orders(connection, inputs):
        warehouse.bound_memory()
    build = update_in_limited_memory(connection, inputs)
    log("built", kind=build.kind, reason=build.reason, orders=build.orders)
    return build


def run_load(
    warehouse: Warehouse,
    request: SyncRequest,
    clock: Callable[[], datetime],
    destination: str,
    files: Iterable[Mapping[str, Any]] = (),
    callbacks: Callbacks = NO_CALLBACKS,
    open_client: OpenClient = TelnyxClient,
) -> SyncReport:
    """Bring the raw tables of another engine up to date. The models are built and published in DuckDB only.

    `files` are the contents of files of settings; their section `destination` may define how to reach the engine.
    """
    if request.settings.accounts:
        raise SettingsError("--destination loads one account, and several are set up. Give it a folder with one key.")
    log("sync.started", destination=destination)
    with warehouse.locked(), isolated_dlt(warehouse.folder, files), raw_pipeline(warehouse, destination) as raw:
        connection = Connection(request.settings.source, callbacks, open_client)
        return raw.sync(connection, options_of(request, clock()), is_ahead=request.prefetch)
