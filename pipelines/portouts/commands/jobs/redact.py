"""The steps of one redaction: lock → rows and mode → models → publish → versions and leftovers.

A mark in the working folder exists from before the first change until the end. If it is found, the next redaction or
sync finishes the interrupted one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from portouts.commands.jobs.publishing.targets import hand_over
from portouts.errors import NothingLoaded, Unfinished
from portouts.load.dlt_config import isolated_dlt
from portouts.load.redaction import (
    Finished,
    drop_models,
    fingerprint_of_rows,
    finish_redaction,
    redact_file,
    redact_rows,
    require_possible,
    require_redacted,
)
from portouts.load.settings.remembered import OF_MODELS, record_settings, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import stored_state
from portouts.logs import log
from portouts.records.privacy import Pii
from portouts.transform.build import update_in_limited_memory
from portouts.warehouse.accounts.folders import forget_files
from portouts.warehouse.leftovers import kept_versions
from portouts.warehouse.metadata import require_finished, synced_until
from portouts.warehouse.rows.redaction import Masked
from portouts.warehouse.warehouse import Warehouse
from portouts.warehouse.working_file import has_content

if TYPE_CHECKING:
    from portouts.publish.target import TargetOutcome


@dataclass(frozen=True)
class RedactionPlan:
    """What a redaction will change."""

    mode_before: str
    versions: list[Path]


@dataclass(frozen=True)
class RedactOutcome:
    """The result of a redaction."""

    database: Path
    pii: Pii
    mode_before: str
    masked: list[Masked]
    """The readable values that were masked in `raw` of the working file."""
    published: bool
    finished: Finished
    bytes_written: int
    notes: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    """What the warehouse did on its own; shown to the user at that time."""
    targets: list[TargetOutcome] = field(default_factory=list)
    """What came of each target of `[publish]`."""


def plan_redaction(warehouse: Warehouse, settings: Settings) -> RedactionPlan:
    """Check that the rows can be masked with these settings; changes nothing."""
    warehouse.require_loaded()
    with warehouse.locked(), warehouse.connected() as connection:
        before = fingerprint_of_rows(connection, stored_state(connection))
        require_possible(before, settings.source.privacy)
    return RedactionPlan(_mode(before), kept_versions(warehouse.folder))


def run_redact(warehouse: Warehouse, settings: Settings, clock: Callable[[], datetime]) -> RedactOutcome:
    """Apply the setting `pii` to all stored data, and make it the mode of later syncs."""
    warehouse.require_loaded()
    with warehouse.locked(), isolated_dlt(warehouse.folder):
        return warehouse.healing(lambda: _redact(warehouse, settings, clock))


def _redact(warehouse: Warehouse, settings: Settings, clock: Callable[[], datetime]) -> RedactOutcome:
    log("redact.started", database=str(warehouse.database), pii=settings.source.pii)
    warehouse.warn_of_little_space()
    at = clock()
    with warehouse.connected() as connection:
        state = stored_state(connection)
        require_possible(before := fingerprint_of_rows(connection, state), settings.source.privacy)
        as_of = _finished_until(connection)
        used = settings_in_use(connection, state, settings, names=OF_MODELS, accepted={"pii"}) if as_of else None
        warehouse.redaction.set()
        forget_files(warehouse.folder)
        warehouse.bound_memory()
        masked = redact_rows(connection, settings, as_of or at)
        log("redacted", values=sum(found.values for found in masked))
        if as_of and used:
            record_settings(connection, used.settings, as_of, OF_MODELS)
            update_in_limited_memory(connection, used.settings.inputs(as_of), full=True)
        else:
            drop_models(connection)
    bytes_written = _publish(warehouse, settings, at, is_finished=as_of is not None)
    if is_published := has_content(warehouse.database):
        require_redacted(warehouse.database, settings.source.privacy)
        log("published", database=str(warehouse.database), as_of=as_of)
    finished = finish_redaction(warehouse, settings, at)
    targets = hand_over(warehouse, settings.publish, keep=0) if is_published else []
    return RedactOutcome(
        warehouse.database,
        settings.source.pii,
        _mode(before),
        masked,
        is_published,
        finished,
        bytes_written + finished.bytes_written,
        [*(used.notes if used else ()), *finished.notes],
        warehouse.notes,
        targets,
    )


def _finished_until(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the instant that the warehouse shows; None if the last sync was interrupted or never ran."""
    try:
        as_of = synced_until(connection)
        require_finished(connection, stored_state(connection).covered)
    except (NothingLoaded, Unfinished):
        return None
    return as_of


def _publish(warehouse: Warehouse, settings: Settings, at: datetime, *, is_finished: bool) -> int:
    """Publish the working file. If it holds an unfinished sync, redact the published file instead."""
    if is_finished:
        warehouse.publish()
        return 2 * warehouse.database.stat().st_size
    size = warehouse.rewrite()
    if has_content(warehouse.database):
        size += redact_file(warehouse.database, warehouse.folder, settings, at)
    return size


def _mode(fingerprint: str) -> str:
    return fingerprint.partition(" ")[0]
