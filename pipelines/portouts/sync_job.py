"""The whole of one sync: lock, load chunk by chunk, record, model, check, publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portouts.models import CheckWarning, ModelInputs, build_models
from portouts.settings import SettingsError
from portouts.sync_run import SyncReport
from portouts.sync_state import SyncState
from portouts.telnyx_source import Supervision, telnyx_source
from portouts.warehouse import Interrupted, SyncRecord, Warehouse, record_sync

# Rows of one load package: enough that its fixed cost hardly counts, few enough to be held in memory.
CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class SyncRequest:
    """What was asked for on the command line."""

    as_of: datetime
    since: datetime | None = None
    full: bool = False
    allow_unproven: bool = False
    api_key: str | None = None
    base_url: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncOutcome:
    """What a finished sync did."""

    database: Path
    as_of: datetime
    report: SyncReport
    orders_changed: int
    warnings: list[CheckWarning]
    seconds: float
    """From before the first request until the file was published."""

    @property
    def is_proven(self) -> bool:
        return not self.report.unproven


def run_sync(
    warehouse: Warehouse, request: SyncRequest, clock: Callable[[], datetime], supervision: Supervision
) -> SyncOutcome:
    """Bring the warehouse to `as_of` and publish it; whatever fails, the published file stays as it was."""
    with warehouse.locked():
        started_at, report = clock(), supervision.report
        inputs = model_inputs(warehouse, request.as_of)
        state = _load(warehouse, request, supervision)
        record = SyncRecord.of(supervision.sync_id, request.as_of, started_at, clock(), report)
        with warehouse.connected() as connection:
            changed = record_sync(connection, record, state)
            warnings = build_models(connection, inputs)
        warehouse.publish()
        seconds = (clock() - started_at).total_seconds()
    return SyncOutcome(warehouse.database, request.as_of, report, changed, warnings, seconds)


def run_load(warehouse: Warehouse, request: SyncRequest, supervision: Supervision, destination: str) -> SyncReport:
    """Bring the raw tables of another engine up to date. The models are built and published in DuckDB only."""
    with warehouse.locked():
        _load(warehouse, request, supervision, destination)
    return supervision.report


def _load(
    warehouse: Warehouse, request: SyncRequest, supervision: Supervision, destination: str | None = None
) -> SyncState:
    """Read and commit chunk by chunk; return what is remembered after the last one."""
    source = telnyx_source(
        request.api_key,
        request.base_url,
        as_of=request.as_of,
        since=request.since,
        full=request.full,
        allow_unproven=request.allow_unproven,
        supervision=supervision,
        **request.settings,
    )
    pipeline = warehouse.pipeline(destination)
    while not supervision.report.is_done:
        warehouse.load(pipeline, source)
        if supervision.is_stopping() and not supervision.report.is_done:
            raise Interrupted("Stopped as asked. What was read is kept; run the sync again to go on.")
    return warehouse.remembered(pipeline)


def rebuild_models(warehouse: Warehouse) -> list[CheckWarning]:
    """Build staging, marts and checks anew from what is loaded, and publish."""
    with warehouse.locked():
        with warehouse.connected() as connection:
            warnings = build_models(connection, model_inputs(warehouse, warehouse.as_of(connection)))
        warehouse.publish()
    return warnings


def model_inputs(warehouse: Warehouse, as_of: datetime) -> ModelInputs:
    """Read the settings that the models depend on."""
    try:
        return ModelInputs(
            as_of=as_of.astimezone(UTC),
            response_window_hours=float(warehouse.setting("response_window_hours", 48)),
            time_zone=str(warehouse.setting("time_zone", "UTC")),
        )
    except (ValueError, KeyError) as error:
        raise SettingsError(f"[sources.telnyx] response_window_hours or time_zone: {error}") from None
