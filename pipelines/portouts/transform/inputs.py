"""What the models cannot read from `raw`: the instant that they describe, the settings, and tables from Python.

SQL cannot fold Unicode, and engines disagree on the rules of time zones. So Python writes the folded spellings of
carriers and the UTC offsets of time zones into tables of `staging`, and models join them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import duckdb

from portouts.records.phone_numbers import places_version
from portouts.records.time_zones import UtcOffset, country_of_zone, rules_version, utc_offsets
from portouts.transform.carrier_names import fold_family, fold_name, fold_spid
from portouts.transform.holidays import Holiday, read_holidays
from portouts.transform.operators import Operator, by_carrier_id
from portouts.warehouse.sql import sql_folder
from portouts.windows import BEGINNING

# The country of the holidays, if neither the numbers nor the setting determine one.
DEFAULT_COUNTRY = "US"
# Offsets reach further than `as_of`: rows of `raw` may be younger, and a cohort ends up to a week later.
OFFSETS_BEYOND = timedelta(days=400)


@cache
def shipped_holidays() -> tuple[Holiday, ...]:
    """Read the holidays that count unless the user has a list."""
    return read_holidays(sql_folder() / "seeds" / "holidays.csv")


@dataclass(frozen=True)
class ModelInputs:
    """The instant that the models describe, and the settings."""

    as_of: datetime
    response_window_hours: float = 48
    time_zone: str = "UTC"
    """The time zone of reported days, weeks and months."""
    business_time_zone: str = "America/New_York"
    """The time zone of the business hours of orders whose numbers determine none."""
    days_off: tuple[Holiday, ...] = field(default_factory=shipped_holidays)
    operators: tuple[Operator, ...] = ()
    """Carriers that count as one operator."""


def write_inputs(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, fingerprint: str | None) -> None:
    """Fill the input tables of `staging`; its other files must have run. `fingerprint` identifies the build."""
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
            fingerprint,
        ],
    )
    _insert(connection, "utc_offsets", _utc_offsets(connection, inputs))
    holidays = [(day.holiday_on, day.country_code, day.name) for day in inputs.days_off]
    _insert(connection, "holidays", holidays)
    _insert(connection, "folded_spellings", _folded_spellings(connection))
    _insert(connection, "operators", list(by_carrier_id(inputs.operators).items()))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows into a table of `staging`, column by column, which is faster than row by row."""
    if not rows:
        return
    types = connection.table(f"staging.{table}").types
    values = ", ".join(f"unnest(cast(? as {column_type}[]))" for column_type in types)
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(f"insert into staging.{table} select {values}", columns)


def _folded_spellings(connection: duckdb.DuckDBPyConnection) -> list[tuple[str | None, ...]]:
    """Fold each distinct spelling: SPID and name as orders give them, then SPID, name and family folded."""
    spellings = connection.execute("select distinct spid, carrier_name from staging.stg_portouts").fetchall()
    return [(spid, name, fold_spid(spid), fold_name(name), fold_family(name)) for spid, name in spellings]


def _utc_offsets(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs) -> list[UtcOffset]:
    """List the UTC offsets of every zone that a model may need, for all times that `raw` may contain."""
    found = connection.execute("select distinct time_zone from staging.stg_phone_numbers").fetchall()
    names = {inputs.time_zone, inputs.business_time_zone, *(name for (name,) in found if name)}
    last = inputs.as_of + OFFSETS_BEYOND
    return [offset for name in sorted(names) for offset in utc_offsets(name, BEGINNING, last)]
