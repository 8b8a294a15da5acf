"""How reliable the data of the page are: the instant that they describe, and what proves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

_NOT_VERIFIED = "Not verified against the API's own counts yet (portouts verify)."
_NOT_PROVEN = " The last sync was NOT PROVEN: the API's own counts did not confirm all of it."
_DEPTHS = {"sync": "at the end of a sync", "quick": "as a whole"}
# Of several accounts, the last of each: all of them must be proven.
_LAST_SYNCS = """
    select max(as_of), bool_and(is_proven)
    from (
        from marts.rpt_sync
        qualify row_number() over (partition by account order by as_of desc, finished_at desc) = 1
    )
    having count(*) > 0
"""
_LAST_VERIFICATIONS = """
    select
        max(as_of), arg_max(depth, finished_at), arg_max(verdict, (verdict <> 'PROVEN', finished_at)),
        sum(orders)::bigint, sum(differences)::bigint, sum(repaired)::bigint,
    from (
        from marts.rpt_verifications
        qualify row_number() over (partition by account order by finished_at desc) = 1
    )
    having count(*) > 0
"""


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
    last = _first(connection, _LAST_SYNCS)
    day = _first(connection, "select max(day) from marts.dim_days")
    verification = _first(connection, _LAST_VERIFICATIONS)
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
