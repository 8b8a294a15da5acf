"""Build the schemas `staging`, `intermediate` and `marts` from `raw`, in one transaction: completely, or what changed.

A build is incremental if the SQL, the settings, the lists and the data of Python are those of the last full build. Then
the checks gate it as they gate a full build, but look only at what changed and at totals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import duckdb
from duckdb import OutOfMemoryException as OutOfMemory

from portouts.errors import ModelFailed
from portouts.records.phone_numbers import places_version
from portouts.records.time_zones import rules_version
from portouts.transform.checks import CheckWarning, read_checks, run_checks
from portouts.transform.full_build import build_all
from portouts.transform.held_numbers import update_places
from portouts.transform.held_observations import add_missing_columns
from portouts.transform.incremental_build import INSTANT, IncrementalBuild
from portouts.transform.input_tables import calendar_ends_on
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists import carrier_names
from portouts.transform.project.graph import ModelGraph, in_order, read_graph, read_lineage
from portouts.transform.project.inventory_tables import complete_tables, held_tables, is_changed
from portouts.transform.project.model import read_models
from portouts.transform.project.statements import drop_temporary
from portouts.warehouse.memory import bound_joins, grow
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.accounts import add_account_columns
from portouts.warehouse.sql import sql_files, sql_folder, transaction

Parts = Mapping[str, str]
"""What a full build depends on besides `raw` → its checksum."""


class BuildKind(StrEnum):
    """How much a build computed; none if nothing had changed."""

    FULL = "full"
    INCREMENTAL = "incremental"
    NONE = "none"


@dataclass(frozen=True)
class Build:
    """What a build did, and why it was of its kind."""

    kind: BuildKind
    reason: str
    orders: int = 0
    """Changed orders of an incremental build."""
    models: tuple[str, ...] = ()
    """Tables that an incremental build wrote."""
    warnings: list[CheckWarning] = field(default_factory=list)


UP_TO_DATE = Build(BuildKind.NONE, "nothing changed")


def build_models(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
    """Build everything in one transaction and return the warnings of the checks.

    Raises `ModelFailed` or `CheckFailed` after a rollback. Sets the session's time zone to UTC.
    """
    return update_models(connection, inputs, full=True).warnings


def update_models(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, *, full: bool = False) -> Build:
    """Bring the models up to date in one transaction: all of them if `full` or if necessary, else what changed.

    Raises `ModelFailed` or `CheckFailed` after a rollback. Sets the session's time zone to UTC.
    """
    connection.execute("set timezone = 'UTC'")
    _require_raw_tables(connection)
    create_metadata(connection)
    reason = "full build requested" if full else _reason_for_full_build(connection, inputs)
    with transaction(connection):
        build = None if reason else _build_changed(connection, inputs)
        if isinstance(build, Build):
            return build
        return _build_all(connection, inputs, reason or build or "")


def update_in_limited_memory(
    connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, *, full: bool = False
) -> Build:
    """Bring the models up to date in limited memory; if that is too little, again with more, up to DuckDB's limit."""
    connection.execute("checkpoint")  # compressed rows are read faster than freshly loaded ones
    bound_joins(connection)
    while True:
        try:
            return update_models(connection, inputs, full=full)
        except OutOfMemory:
            if not grow(connection):
                raise


def must_compute_orders(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> bool:
    """Return whether a build would compute orders: all of them, or those that are queued."""
    create_metadata(connection)
    if _reason_for_full_build(connection, inputs):
        return True
    return bool(connection.execute("select true from raw.changed_orders limit 1").fetchall())


def are_up_to_date(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> bool:
    """Return whether a build would change nothing."""
    if must_compute_orders(connection, inputs) or is_changed(connection):
        return False
    return connection.table(INSTANT).select("as_of").fetchall() == [(inputs.as_of,)]


def _build_all(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, reason: str) -> Build:
    folder = sql_folder()
    update_places(connection)
    add_missing_columns(connection)
    add_account_columns(connection)
    complete_tables(connection)
    checks = read_checks(folder)
    graph = read_graph(folder, checks, held_tables(connection))
    build_all(connection, graph, inputs, _built_from(_parts(connection, inputs)))
    warnings = run_checks(connection, checks)
    connection.execute("delete from raw.changed_orders")
    return Build(BuildKind.FULL, reason, warnings=warnings)


def _build_changed(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> Build | str:
    """Build what changed; return why that is not enough if it is not."""
    folder = sql_folder()
    reads = read_lineage(connection)
    graph = ModelGraph(in_order(read_models(folder), reads), reads)
    build = IncrementalBuild(connection, graph, inputs)
    if reason := build.run():
        drop_temporary(connection)
        return reason
    is_all_checked = build.is_check_of_all_due()
    warnings = build.check_all(read_checks(folder)) if is_all_checked else build.check(read_checks(folder))
    drop_temporary(connection)
    connection.execute("delete from raw.changed_orders")
    reason = f"{build.orders} orders changed" if build.orders else "no order changed"
    reason += ", and all rows were checked" if is_all_checked else ""
    return Build(BuildKind.INCREMENTAL, reason, build.orders, tuple(build.refreshed), warnings)


def _reason_for_full_build(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> str:
    """Say why only a full build will do; empty if an incremental one will."""
    try:
        [(built_from,)] = connection.execute("select built_from from staging.model_settings").fetchall()
    except (duckdb.CatalogException, ValueError):
        return "this version never built the models"
    if connection.execute("select 1 from raw.changed_orders where portout_id is null limit 1").fetchall():
        return "any order may have changed"
    parts = _parts(connection, inputs)
    if built_from == _built_from(parts):
        return ""
    held = dict(part.split("=", 1) for part in built_from.split(" ") if "=" in part)
    changed = [name for name, checksum in parts.items() if held.get(name) != checksum]
    return f"{' and '.join(changed)} changed" if changed else "this version built them otherwise"


def _parts(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> Parts:
    """Compute a checksum of each thing besides `raw` and `as_of` on which the models depend."""
    settings = (
        inputs.response_window_hours,
        inputs.time_zone,
        inputs.business_time_zone,
        inputs.dispute_window_hours,
    )
    folding = Path(carrier_names.__file__).read_text(encoding="utf-8")
    parts: dict[str, object] = {
        "SQL": [(path.name, path.read_text(encoding="utf-8")) for path in _model_files(sql_folder())],
        "settings": settings,
        "lists": (inputs.days_off, inputs.carriers, inputs.customer_values, inputs.labels),
        "data": (rules_version(), places_version(), folding),
        "year": calendar_ends_on(connection, inputs.as_of),
        "inventory": held_tables(connection),
    }
    return {name: hashlib.sha256(repr(part).encode()).hexdigest()[:16] for name, part in parts.items()}


def _model_files(folder: Path) -> list[Path]:
    return [path for part in ("staging", "intermediate", "marts", "checks") for path in sql_files(folder / part)]


def _built_from(parts: Parts) -> str:
    return " ".join(f"{name}={checksum}" for name, checksum in parts.items())


def _require_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.table("raw.portouts")
    except duckdb.CatalogException as error:
        raise ModelFailed("no raw tables: run `portouts sync` first") from error
