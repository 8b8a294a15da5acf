"""Build the schemas `staging` and `marts` from `raw`, all or nothing.

The files of `sql/staging` run first, then those of `sql/intermediate` and of `sql/marts` with their numbered folders,
each in path order: a model reads only what sorts before it. Then each file of `sql/checks` must return no rows. The
surprise: both schemas are dropped and rebuilt inside one transaction, so an object whose file is gone disappears, and a
failure leaves what was there before.

Intermediate models hold orders by number and statuses by code. What only the build reads is a temporary table, or a
temporary view where one model alone reads it; what views of `marts` read stays in `staging`, under the prefix `int_`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
from duckdb import OutOfMemoryException as OutOfMemory

from portouts.records.phone_numbers import places_version
from portouts.records.time_zones import UtcOffset, country_of_zone, rules_version, utc_offsets
from portouts.transform import carrier_names
from portouts.transform.carrier_names import fold_family, fold_name, fold_spid
from portouts.transform.checks import CheckWarning, run_checks
from portouts.transform.held_numbers import place_held_numbers
from portouts.transform.holidays import Holiday, read_holidays
from portouts.transform.operators import Operator, by_carrier_id
from portouts.warehouse.memory import MEMORY_FOR_JOINS, threads_of
from portouts.warehouse.metadata import create_books
from portouts.warehouse.sql import ModelFailed, run_files, sql_files, sql_folder, transaction
from portouts.windows import BEGINNING

# Whose holidays count where neither the numbers nor the setting name a country.
DEFAULT_COUNTRY = "US"
# Raw rows may be younger than `as_of`, and a cohort ends up to a week later.
OFFSETS_BEYOND = timedelta(days=400)


@cache
def shipped_holidays() -> tuple[Holiday, ...]:
    """Read the days off that count where nobody names others."""
    return read_holidays(sql_folder() / "seeds" / "holidays.csv")


@dataclass(frozen=True)
class ModelInputs:
    """What the models cannot read from `raw`: the instant they describe, and the settings."""

    as_of: datetime
    response_window_hours: float = 48
    time_zone: str = "UTC"
    """Whose days, weeks and months are counted."""
    business_time_zone: str = "America/New_York"
    """Whose business hours count for orders whose numbers tell no zone."""
    days_off: tuple[Holiday, ...] = field(default_factory=shipped_holidays)
    operators: tuple[Operator, ...] = ()
    """Carriers that count as one operator."""


def build_models(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
    """Rebuild `staging` and `marts` in one transaction and return the warnings of the checks.

    Raises ModelFailed or CheckFailed after a rollback. The session's time zone becomes UTC.
    """
    connection.execute("set timezone = 'UTC'")
    with transaction(connection):
        return _build(connection, inputs, sql_folder())


def build_in_bounds(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[CheckWarning]:
    """Rebuild the models in little memory; where that is too little, in as much as DuckDB takes by itself."""
    connection.execute("checkpoint")  # what is compressed is read faster than what has just been loaded
    connection.execute(f"set operator_memory_limit = '{MEMORY_FOR_JOINS * threads_of(connection)}MB'")
    try:
        return build_models(connection, inputs)
    except OutOfMemory:
        connection.execute("reset memory_limit; reset operator_memory_limit")
        return build_models(connection, inputs)


def are_current(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> bool:
    """Tell whether a build would make what is there: same SQL and inputs, nothing loaded or marked deleted since."""
    try:
        found = connection.execute("select built_from from staging.model_inputs").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return False
    return found == [(_built_from(connection, inputs),)]


def _built_from(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> str | None:
    """Digest all that a build depends on; None where no loader tells what it has loaded."""
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
    """Build everything inside the caller's transaction."""
    _require_raw_tables(connection)
    create_books(connection)
    place_held_numbers(connection)
    for schema in ("marts", "staging"):
        connection.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
    run_files(connection, folder / "staging")
    _write_inputs(connection, inputs)
    run_files(connection, folder / "intermediate")
    run_files(connection, folder / "marts")
    warnings = run_checks(connection, folder / "checks")
    _drop_temporary_objects(connection, folder / "intermediate")
    return warnings


def _require_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.table("raw.portouts")
    except duckdb.CatalogException as error:
        raise ModelFailed("no raw tables: run `portouts sync` first") from error


def _write_inputs(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> None:
    connection.execute(
        "insert into staging.model_inputs values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            inputs.as_of,
            inputs.response_window_hours,
            inputs.time_zone,
            inputs.business_time_zone,
            country_of_zone(inputs.business_time_zone) or DEFAULT_COUNTRY,
            rules_version(),
            places_version(),
            _built_from(connection, inputs),
        ],
    )
    connection.execute(
        "insert into staging.utc_offsets "
        "select unnest(cast(? as varchar[])), unnest(cast(? as timestamptz[])), unnest(cast(? as timestamptz[])), "
        "unnest(cast(? as timestamp[])), unnest(cast(? as timestamp[])), unnest(cast(? as integer[]))",
        [list(column) for column in zip(*_utc_offsets(connection, inputs), strict=True)],
    )
    connection.execute(
        "insert into staging.holidays "
        "select unnest(cast(? as date[])), unnest(cast(? as varchar[])), unnest(cast(? as varchar[]))",
        [
            [day.holiday_on for day in inputs.days_off],
            [day.country_code for day in inputs.days_off],
            [day.name for day in inputs.days_off],
        ],
    )
    _fill(connection, "folded_spellings", _folded_spellings(connection))
    _fill(connection, "operators", list(by_carrier_id(inputs.operators).items()))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[str | None, ...]]) -> None:
    """Insert rows of texts into a table of `staging`."""
    if rows:
        columns = ", ".join("unnest(cast(? as varchar[]))" for _ in rows[0])
        connection.execute(
            f"insert into staging.{table} select {columns}", [list(part) for part in zip(*rows, strict=True)]
        )


def _folded_spellings(connection: duckdb.DuckDBPyConnection) -> list[tuple[str | None, ...]]:
    """Fold each distinct spelling of a carrier: SPID and name as they are, then SPID, name and family folded."""
    held = connection.execute("select distinct spid, carrier_name from staging.stg_portouts").fetchall()
    return [(spid, name, fold_spid(spid), fold_name(name), fold_family(name)) for spid, name in held]


def _utc_offsets(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[UtcOffset]:
    """List the UTC offsets of every zone that a model may need, over the time of which raw can tell."""
    held = connection.execute("select distinct time_zone from staging.stg_phone_numbers").fetchall()
    names = {inputs.time_zone, inputs.business_time_zone, *(name for (name,) in held if name)}
    last = inputs.as_of + OFFSETS_BEYOND
    return [offset for name in sorted(names) for offset in utc_offsets(name, BEGINNING, last)]


def _drop_temporary_objects(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for path in sql_files(folder):
        made = re.search(r"(?m)^create or replace temp (table|view) (\w+)", path.read_text(encoding="utf-8"))
        if made:
            connection.execute(f"drop {made[1]} {made[2]}")
