"""Models without a sync: lock → build where something changed → publish where analysts do not see it yet.

Both are asked of the files and not remembered, since either may have been deleted, put back from a backup, or left by
a run that was killed or found the disk full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from portouts.commands.jobs.publishing.targets import publish
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import raw_pipeline
from portouts.load.settings.remembered import OF_MODELS, record_settings, settings_in_use
from portouts.load.settings.settings import Settings, read_settings
from portouts.transform.build import UP_TO_DATE, Build, BuildKind, are_up_to_date, update_in_limited_memory
from portouts.transform.checks import CheckWarning
from portouts.warehouse.metadata import read_fingerprint, require_finished, synced_until
from portouts.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from portouts.publish.target import TargetOutcome


@dataclass(frozen=True)
class ModelsOutcome:
    """The result of a build and publication of the models."""

    database: Path
    build: Build
    published: bool
    notes: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    """What the warehouse did on its own; shown to the user at that time."""
    targets: list[TargetOutcome] = field(default_factory=list)
    """What came of each target of `[publish]`."""

    @property
    def rebuilt(self) -> bool:
        return self.build.kind is not BuildKind.NONE

    @property
    def warnings(self) -> list[CheckWarning]:
        return self.build.warnings


def rebuild_models(
    warehouse: Warehouse,
    settings: Settings | None = None,
    keep: int | None = None,
    *,
    accept_settings: bool = False,
    full: bool = False,
) -> ModelsOutcome:
    """Bring staging and marts up to date with what is loaded, with the SQL and the settings, and publish.

    Without settings, those that dlt finds count. `full` builds and checks everything, even if nothing changed.
    """
    settings = settings or read_settings(needs_key=False)
    warehouse.require_loaded()
    with warehouse.locked(), isolated_dlt(warehouse.folder):
        return warehouse.healing(
            lambda: _rebuild(warehouse, settings, keep, accept_settings=accept_settings, full=full)
        )


def _rebuild(
    warehouse: Warehouse, settings: Settings, keep: int | None, *, accept_settings: bool, full: bool
) -> ModelsOutcome:
    with raw_pipeline(warehouse) as raw, warehouse.connected() as connection:
        as_of, state = synced_until(connection), raw.state()
        require_finished(connection, state.covered)
        accepted = OF_MODELS if accept_settings else ()
        used = settings_in_use(connection, state, settings, names=OF_MODELS, accepted=accepted)
        if used.settings.models.customer_values:  # which are masked as the rows are
            used = settings_in_use(connection, state, settings, names=OF_MODELS | {"pii"}, accepted=accepted)
        inputs = used.settings.inputs(as_of)
        rebuilt = full or not are_up_to_date(connection, inputs)
        if rebuilt:
            record_settings(connection, used.settings, as_of, OF_MODELS)
            warehouse.bound_memory()
        build = update_in_limited_memory(connection, inputs, full=full) if rebuilt else UP_TO_DATE
        published = rebuilt or warehouse.redaction.is_set or not _shows(warehouse.database, connection)
    targets = publish(warehouse, settings.publish, as_of, keep=keep) if published else []
    return ModelsOutcome(warehouse.database, build, published, used.notes, warehouse.notes, targets)


def _shows(database: Path, working: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the published file shows what the working file does."""
    if not database.exists():
        return False
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            return read_fingerprint(connection) == read_fingerprint(working)
    except duckdb.Error:
        return False  # whatever lies there is no copy of the working file
