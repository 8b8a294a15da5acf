"""How reliable the data of the page are: the instant that they describe, and what proves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

_NOT_VERIFIED = "Not verified against the API's own counts yet (portouts verify)."
_NOT_PROVEN = " The last sync was NOT PROVEN: the API's own counts did not confirm all of it."
_DEPTHS = {"sync": "at the end of a sync", "quick": "as a whole"}


@dataclass(frozen=True)
class State:
    """The last sync and the last verification; `last_day` is the day of the last sync in the reporting time zone."""

    as_of: datetime | None
    is_proven: bool
    certificate: str
    last_day: date | None

    @property
    def as_of_text(self) -> str:
        return _instant(self.as_of) if self.as_of else "the last build; no sync has been recorded"

    @property
    def text(self) -> str:
        proven = "" if self.as_of is None else " The last sync was proven." if self.is_proven else _NOT_PROVEN
        return f"As of {self.as_of_text}.{proven} {self.certificate}"


def read_state(connection: duckdb.DuckDBPyConnection) -> State:
    """Read the state of a published file."""
    last = _first(connection, "select as_of, is_proven from marts.rpt_sync order by as_of desc limit 1")
    day = _first(connection, "select max(day) from marts.dim_days")
    verification = _first(
        connection,
        "select as_of, depth, verdict, orders, differences, repaired from marts.rpt_verifications "
        "order by finished_at desc limit 1",
    )
    certificate = _certificate(*verification) if verification else _NOT_VERIFIED
    as_of, is_proven = last or (None, False)
    return State(as_of, bool(is_proven), certificate, day[0] if day else None)


def _first(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...] | None:
    """Return the first row; None if there is none, or if a file of an older version has no such table."""
    try:
        return next(iter(connection.execute(query).fetchall()), None)
    except duckdb.CatalogException:
        return None


def _certificate(as_of: datetime, depth: str, verdict: str, orders: int, differences: int, repaired: int) -> str:
    found = f"{differences:,} difference{'' if differences == 1 else 's'}" if differences else "no differences"
    counted = f"{orders:,} order{'' if orders == 1 else 's'}" if orders else "no orders"
    mended = f", {repaired:,} of them repaired" if repaired else ""
    how = _DEPTHS.get(depth, f"by {depth}")
    return f"Verified for {_instant(as_of)}, {how}: {verdict}, {counted}, {found}{mended}."


def _instant(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
