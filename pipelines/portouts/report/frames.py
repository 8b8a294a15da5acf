"""The published file for pandas: a read-only connection, and marts as DataFrames with the right types.

    timestamptz → datetime64[us, UTC]     date → datetime64[ms], without zone     bigint → Int64
    double → float64 (null is NaN)        boolean → boolean                       varchar → string, or a category

A date has no zone: it is a calendar day of the reporting time zone, not an instant. Columns with a vocabulary (status,
response, urgency …) are categories in the order of `VOCABULARIES`; `groupby(observed=False)` shows all of them. The
surprise: a word that is not in the vocabulary becomes one more category after the known ones; it is never dropped.

pandas and Arrow are imported with the first data frame: who only opens the file does not wait for them.
"""

from __future__ import annotations

import os
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from portouts.errors import NotPublished
from portouts.extras import require_packages
from portouts.report.status import not_readable
from portouts.warehouse.export.cells import as_cell_of_pandas
from portouts.warehouse.export.marts import grains, local_columns, read_version, select_of
from portouts.warehouse.faults import first_line

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_DATABASE = "data/portouts.duckdb"

_STATUSES = ("pending", "authorized", "ported", "rejected-pending", "rejected", "canceled")
_MEASURED_BY = ("event", "observation", "unknown")

# Column name → its words in their natural order. A name has the same meaning in every mart.
VOCABULARIES: dict[str, tuple[str, ...]] = {
    "status": _STATUSES,
    "previous_status": _STATUSES,
    "next_status": _STATUSES,
    "last_status": _STATUSES,
    "response": (
        "authorized",
        "authorized_automatically",
        "rejected",
        "rejected_at_intake",
        "canceled",
        "other",
        "open",
    ),
    "measured_by": _MEASURED_BY,
    "next_measured_by": _MEASURED_BY,
    "ported_at_source": ("event", "range", "unknown"),
    "urgency": ("overdue", "critical", "soon", "ample"),
    "age_bucket": ("0-24 h", "24-48 h", "over 48 h"),
    "rejected_by": ("us", "intake", "other"),
    "outcome": ("upheld", "reopened", "canceled", "undecided", "other"),
    "depth": ("sync", "quick", "month", "week", "day"),
    "verdict": ("PROVEN", "DIFFERENT", "UNPROVEN"),
}
# Columns whose words can be compared: urgency <= "critical".
ORDERED = frozenset({"urgency", "age_bucket"})


class UnknownMart(LookupError):
    """The published file has no mart of this name."""


def connect(path: str | Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open the published file read-only, with UTC as the session's time zone.

    Without a path it opens PORTOUTS_DATABASE, else data/portouts.duckdb. A connection keeps showing the version that
    it opened, even if a sync publishes another one. Raises `NotPublished`.
    """
    database = Path(path or os.environ.get("PORTOUTS_DATABASE") or DEFAULT_DATABASE).expanduser()
    if not database.exists():
        raise NotPublished(
            f"{database.absolute()} does not exist. Run `portouts sync` first, or name the published file (that of "
            "`portouts demo` is data/portouts-demo.duckdb): --database, portouts.connect(path), or the environment "
            "variable PORTOUTS_DATABASE."
        )
    try:
        connection = duckdb.connect(str(database), read_only=True)
        connection.table("raw.syncs")
    except duckdb.Error as error:
        raise not_readable(database, error) from None
    connection.execute("set timezone = 'UTC'")
    return connection


def marts(path: str | Path | None = None, *, connection: duckdb.DuckDBPyConnection | None = None) -> dict[str, str]:
    """List the marts of the published file or of an open connection: name → what one row is. Raises `NotPublished`."""
    with nullcontext(connection) if connection else closing(connect(path)) as opened:
        return grains(opened)


def mart(
    name: str,
    path: str | Path | None = None,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
    excel: bool = False,
) -> pd.DataFrame:
    """Read one mart, such as "agg_portouts_daily", from the published file or from an open connection.

    With `excel`, `to_excel` takes the frame: instants are local times without zone, and the header names the zone;
    texts are no formulas and have no characters that Excel refuses. Marts read from one connection belong to one
    version of the warehouse. Raises `UnknownMart`, `NotPublished`, and `SettingsError` without pandas.
    """
    require_packages("pandas", extra="pandas")
    with nullcontext(connection) if connection else closing(connect(path)) as opened:
        names = grains(opened)
        known = name.removeprefix("marts.")
        if known not in names:
            raise UnknownMart(f"There is no mart {name!r}; there are {', '.join(names) or 'none'}.")
        try:
            return _for_excel(opened, known) if excel else to_dataframe(opened.table(f"marts.{known}"))
        except duckdb.Error as error:
            raise NotPublished(f"marts.{known} cannot be read: {first_line(error)}.") from None


def _for_excel(connection: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    columns = local_columns(connection, name, read_version(connection).time_zone)
    frame = to_dataframe(connection.sql(select_of(name, columns)))
    for column in frame.select_dtypes(["string", "category"]):
        texts = frame[column].astype("string")
        frame[column] = texts.map(as_cell_of_pandas, na_action="ignore").astype("string")
    return frame


def to_dataframe(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Turn the result of any query into a DataFrame with the types above."""
    frame: pd.DataFrame = relation.to_arrow_table().to_pandas(types_mapper=_pandas_type, date_as_object=False)
    for column in VOCABULARIES.keys() & set(frame.columns):
        frame[column] = frame[column].astype(_category(column, frame[column]))
    return frame


def _pandas_type(arrow_type: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_integer(arrow_type):
        return pd.Int64Dtype()
    if pa.types.is_boolean(arrow_type):
        return pd.BooleanDtype()
    if pa.types.is_string(arrow_type):
        return pd.StringDtype()
    return None


def _category(column: str, values: pd.Series[Any]) -> pd.CategoricalDtype:
    import pandas as pd

    known = VOCABULARIES[column]
    unknown = sorted(set(values.dropna()) - set(known))
    return pd.CategoricalDtype([*known, *unknown], ordered=column in ORDERED)
