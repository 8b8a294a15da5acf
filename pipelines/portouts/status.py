"""What the published file says of itself: how fresh it is, what it covers, what it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from portouts.errors import PortoutsError
from portouts.sync_plan import Window, gaps

Json = dict[str, Any]


class NotPublished(PortoutsError):
    """There is no published file to speak of."""


def read_status(database: Path, now: datetime) -> Json:
    """Describe the published file as one JSON object; times are ISO 8601 in UTC."""
    if not database.exists():
        raise NotPublished(f"{database} does not exist. Run `portouts sync` first.")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            return _describe(connection, database, now)
    except (duckdb.CatalogException, duckdb.IOException) as error:
        raise NotPublished(f"{database} is no warehouse of portouts: {str(error).splitlines()[0]}") from None


def _describe(connection: duckdb.DuckDBPyConnection, database: Path, now: datetime) -> Json:
    connection.execute("set timezone = 'UTC'")
    [last] = _rows(connection, "select * from marts.rpt_sync order by as_of desc, finished_at desc limit 1")
    [counts] = _rows(
        connection,
        """
        select
            (select count(*) from marts.fct_portouts) as orders,
            (select count(*) from marts.fct_portouts where is_open) as open_orders,
            (select count(*) from marts.fct_portout_numbers) as numbers,
            (select count(*) from staging.stg_events) as events,
            (select count(*) from staging.stg_observations) as observations
        """,
    )
    [inputs] = _rows(connection, "select * from staging.model_inputs")
    verifications = _rows(connection, "select * from raw.verifications order by as_of desc, finished_at desc limit 1")
    windows: dict[str, list[Window]] = {}
    for axis, start, end in connection.execute("from raw.covered_ranges order by all").fetchall():
        windows.setdefault(axis, []).append(Window(start.astimezone(UTC), end.astimezone(UTC)))
    return {
        "database": str(database),
        "as_of": _text(last["as_of"]),
        "age_hours": round((now - last["as_of"]) / timedelta(hours=1), 1),
        "is_proven": last["is_proven"],
        "counts": counts,
        "time_zone_data": inputs.get("time_zone_data"),
        "covered": {axis: [_range(window) for window in covered] for axis, covered in windows.items()},
        "gaps": {axis: [_range(window) for window in _gaps_of(covered)] for axis, covered in windows.items()},
        "last_sync": {name: _text(value) for name, value in last.items()},
        "verification": {name: _text(value) for name, value in verifications[0].items()} if verifications else None,
    }


def _gaps_of(covered: list[Window]) -> list[Window]:
    return gaps(covered, Window(covered[0].start, covered[-1].end))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Json]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _range(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]


def _text(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
