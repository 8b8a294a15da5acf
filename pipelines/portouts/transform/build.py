"""Build the schemas `staging` and `marts` from `raw`: all of them, or nothing.

The files of `sql/staging` run first, then those of `sql/intermediate` and of `sql/marts`, each in path order: a model
reads only objects of earlier files. Then each file of `sql/checks` must return no rows. The surprise: one transaction
drops both schemas and builds them again. So an object whose file is gone disappears, and a failure leaves the schemas
of before.

Intermediate models have integer codes for orders and statuses. A model that only the build reads is a temporary table,
or a temporary view if only one model reads it. A model that views of `marts` read stays in `staging`, with the prefix
`int_`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import duckdb
from duckdb import OutOfMemoryException as OutOfMemory

from portouts.errors import ModelFailed
from portouts.records.phone_numbers import places_version
from portouts.records.time_zones import rules_version
from portouts.transform import carrier_names
from portouts.transform.checks import CheckWarning, run_checks
from portouts.transform.held_numbers import update_places
from portouts.transform.inputs import ModelInputs, write_inputs
from portouts.warehouse.memory import MEMORY_FOR_JOINS, threads_of
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.sql import run_files, sql_files, sql_folder, transaction


def build_models(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
    """Rebuild `staging` and `marts` in one transaction and return the warnings of the checks.

    Raises `ModelFailed` or `CheckFailed` after a rollback. Sets the session's time zone to UTC.
    """
    connection.execute("set timezone = 'UTC'")
    with transaction(connection):
        return _build(connection, inputs, sql_folder())


def build_in_limited_memory(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
    """Rebuild the models in limited memory; if that is too little, once more with DuckDB's own limits."""
    connection.execute("checkpoint")  # compressed rows are read faster than freshly loaded ones
    connection.execute(f"set operator_memory_limit = '{MEMORY_FOR_JOINS * threads_of(connection)}MB'")
    try:
        return build_models(connection, inputs)
    except OutOfMemory:
        connection.execute("reset memory_limit; reset operator_memory_limit")
        return build_models(connection, inputs)


def are_up_to_date(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> bool:
    """Return whether a build would change nothing: same SQL, same inputs, and the same rows in `raw`."""
    try:
        found = connection.execute("select built_from from staging.model_inputs").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return False
    return found == [(_fingerprint(connection, inputs),)]


def _fingerprint(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> str | None:
    """Hash everything a build depends on; None if `raw._dlt_loads` does not exist."""
    try:
        loads = connection.table("raw._dlt_loads").aggregate("count(*), max(load_id)").fetchall()
    except duckdb.CatalogException:
        return None
    deleted = connection.table("raw.portouts").count("deleted_at").fetchall()
    sql = [(path.name, path.read_text(encoding="utf-8")) for path in sql_files(sql_folder())]
    folding = Path(carrier_names.__file__).read_text(encoding="utf-8")
    parts = (loads, deleted, inputs, inputs.days_off, rules_version(), places_version(), sql, folding)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _build(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, folder: Path) -> list[CheckWarning]:
    """Build everything in the caller's transaction."""
    _require_raw_tables(connection)
    create_metadata(connection)
    update_places(connection)
    for schema in ("marts", "staging"):
        connection.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
    run_files(connection, folder / "staging")
    write_inputs(connection, inputs, _fingerprint(connection, inputs))
    run_files(connection, folder / "intermediate")
    run_files(connection, folder / "marts")
    warnings = run_checks(connection, folder / "checks")
    _drop_temporary_objects(connection, folder / "intermediate")
    connection.execute("delete from raw.changed_orders")
    return warnings


def _require_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.table("raw.portouts")
    except duckdb.CatalogException as error:
        raise ModelFailed("no raw tables: run `portouts sync` first") from error


def _drop_temporary_objects(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for path in sql_files(folder):
        made = re.search(r"(?m)^create or replace temp (table|view) (\w+)", path.read_text(encoding="utf-8"))
        if made:
            connection.execute(f"drop {made[1]} {made[2]}")
