"""The tables of `staging` that Python fills: the instant, the settings, and what no SQL can compute.

SQL cannot fold Unicode, and engines disagree on the rules of time zones and on functions that list days. So Python
writes folded spellings, UTC offsets and a calendar, and models join them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

import duckdb
import pyarrow as pa

from portouts.records.phone_numbers import area_places, places_version
from portouts.records.time_zones import UtcOffset, country_of_zone, rules_version, utc_offsets
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.carrier_names import fold_family, fold_name, fold_spid
from portouts.transform.lists.carriers import CarrierParent, by_carrier_id
from portouts.transform.lists.customer_values import CustomerValue
from portouts.transform.lists.holidays import Holiday
from portouts.transform.lists.labels import Label
from portouts.windows import BEGINNING

# The country of the holidays, if neither the numbers nor the setting determine one.
DEFAULT_COUNTRY = "US"
CALENDAR_STARTS_ON = date(1999, 12, 31)
MONDAY_BEFORE_CALENDAR = date(1999, 12, 27)

# Calendars reach further than `as_of` and the rows of `raw`: a confirmed day lies ahead.
YEARS_BEYOND = 2
_LATEST = "select max(inserted_at) as latest from raw.portouts union all select max(created_at) from raw.portout_events"
# Of orders as they are now, and names that events gave them before.
_SPELLINGS = """
    select distinct spid, carrier_name from (
        select portout_id, spid, carrier_name from staging.stg_portouts
        union all
        select portout_id, null, carrier_name from staging.stg_events where carrier_name is not null
    ) as spellings
"""
_ZONES = "select distinct time_zone from staging.stg_phone_numbers where time_zone is not null"


def fill_input_tables(connection: duckdb.DuckDBPyConnection, inputs: ModelInputs, built_from: str) -> None:
    """Fill the new, empty input tables. `built_from` identifies the SQL and the inputs of the build."""
    last = calendar_ends_on(connection, inputs.as_of)
    settings = (
        inputs.response_window_hours,
        inputs.time_zone,
        inputs.business_time_zone,
        country_of_zone(inputs.business_time_zone) or DEFAULT_COUNTRY,
        rules_version(),
        places_version(),
        last,
        built_from,
        inputs.dispute_window_hours,
    )
    _insert(connection, "model_settings", [settings])
    as_of = inputs.as_of.astimezone(UTC)
    _insert(connection, "model_instant", [(as_of, as_of)])  # a full build checks all rows
    _insert_arrow(connection, "calendar_days", calendar_days(last))
    _insert(connection, "holidays", [(day.holiday_on, day.country_code, day.name) for day in inputs.days_off])
    _insert(connection, "area_codes", area_places())
    values = [(one.customer_reference, one.value) for one in inputs.customer_values]
    _insert(connection, "customer_values", values)
    _insert(connection, "carrier_parents", list(by_carrier_id(inputs.carriers).items()))
    _insert(connection, "labels", [(one.subject, one.label, one.is_number) for one in inputs.labels])
    _insert(connection, "folded_spellings", _folded(connection.execute(_SPELLINGS).fetchall()))
    zones = {zone for (zone,) in connection.execute(_ZONES).fetchall()}
    _insert(connection, "utc_offsets", _offsets({inputs.time_zone, inputs.business_time_zone, *zones}, last))


def read_inputs(connection: duckdb.DuckDBPyConnection) -> ModelInputs:
    """Read the inputs of the last build. Carriers of the list are in their folded spelling."""
    [(as_of, hours, time_zone, business_time_zone, dispute_hours)] = connection.execute(
        "select as_of, response_window_hours, time_zone, business_time_zone, dispute_window_hours"
        " from staging.model_inputs"
    ).fetchall()
    days_off = connection.execute("select holiday_on, name, country_code from staging.holidays order by all").fetchall()
    values = connection.execute("select customer_reference, customer_value from staging.customer_values order by all")
    carriers = connection.execute("select carrier, parent from staging.carrier_parents order by all").fetchall()
    labels = connection.execute("select subject, label, is_number from staging.labels order by all").fetchall()
    return ModelInputs(
        as_of.astimezone(UTC),
        hours,
        time_zone,
        business_time_zone,
        tuple(Holiday(*row) for row in days_off),
        tuple(CustomerValue(*row) for row in values.fetchall()),
        tuple(CarrierParent(*row) for row in carriers),
        tuple(Label(*row) for row in labels),
        dispute_hours,
    )


def add_inputs_of_changed_orders(connection: duckdb.DuckDBPyConnection) -> None:
    """Add spellings and time zones that only the orders in `temp.changed_orders` have."""
    of_changed = "portout_id in (select portout_id from temp.changed_orders)"
    held_spellings = "select spid, carrier_name from staging.folded_spellings"
    new = connection.execute(f"{_SPELLINGS} where {of_changed} except {held_spellings}").fetchall()
    _insert(connection, "folded_spellings", _folded(new))
    held_zones = "select time_zone from staging.utc_offsets"
    zones = connection.execute(f"{_ZONES} and {of_changed} except {held_zones}").fetchall()
    [(last,)] = connection.execute("select calendar_ends_on from staging.model_settings").fetchall()
    _insert(connection, "utc_offsets", _offsets((zone for (zone,) in zones), last))


def set_instant(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Make the models describe this instant."""
    connection.execute("update staging.model_instant set as_of = ?", [as_of.astimezone(UTC)])


def calendar_ends_on(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> date:
    """Return the last day of calendars and UTC offsets. It moves once a year, and then all models are built again."""
    rows = connection.execute(f"select max(latest) from ({_LATEST})").fetchall()
    latest = max(instant.year for instant in (as_of, rows[0][0]) if instant)
    return date(latest + YEARS_BEYOND, 12, 31)


@cache
def calendar_days(last: date) -> pa.Table:
    """List the days up to `last`, see sql/staging/inputs/calendar_days.sql."""
    days = [CALENDAR_STARTS_ON + timedelta(days=number) for number in range((last - CALENDAR_STARTS_ON).days + 1)]
    weeks = [day - timedelta(days=day.weekday()) for day in days]
    iso = [day.isocalendar() for day in days]
    before = [
        (week - MONDAY_BEFORE_CALENDAR).days // 7 * 5 + min(at.weekday - 1, 5)
        for week, at in zip(weeks, iso, strict=True)
    ]
    dates, integers = pa.date32(), pa.int32()
    return pa.table(
        {
            "day": pa.array(days, dates),
            "week": pa.array(weeks, dates),
            "month": pa.array([day.replace(day=1) for day in days], dates),
            "quarter": pa.array([day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1) for day in days], dates),
            "year": pa.array([day.year for day in days], integers),
            "iso_year": pa.array([at.year for at in iso], integers),
            "iso_week": pa.array([at.week for at in iso], integers),
            "weekday": pa.array([at.weekday for at in iso], integers),
            "weekdays_before": pa.array(before, integers),
        }
    )


def _folded(spellings: Iterable[tuple[str | None, ...]]) -> list[tuple[str | None, ...]]:
    """Fold each spelling: SPID and name as orders give them, then SPID, name and family folded."""
    return [(spid, name, fold_spid(spid), fold_name(name), fold_family(name)) for spid, name in spellings]


def _offsets(zones: Iterable[str], calendar_end: date) -> list[UtcOffset]:
    """List the UTC offsets of zones, for all times that `raw` may contain."""
    last = datetime(calendar_end.year + 1, 1, 1, tzinfo=UTC)
    return [offset for zone in sorted(zones) for offset in _offsets_of(zone, last)]


@cache
def _offsets_of(zone: str, last: datetime) -> list[UtcOffset]:
    return utc_offsets(zone, BEGINNING, last)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows into a table of `staging`, column by column, which is faster than row by row."""
    if not rows:
        return
    types = connection.table(f"staging.{table}").types
    values = ", ".join(f"unnest(cast(? as {column_type}[]))" for column_type in types)
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(f"insert into staging.{table} select {values}", columns)


def _insert_arrow(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("arrow_rows", rows)
    connection.execute(f"insert into staging.{table} select * from arrow_rows")
    connection.unregister("arrow_rows")
