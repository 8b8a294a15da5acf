"""What the published file says of itself: how fresh it is, what it covers, what it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from portouts import faults
from portouts.contents import content_checksum, read_contents
from portouts.errors import PortoutsError
from portouts.windows import Window, gaps

Json = dict[str, Any]


class NotPublished(PortoutsError):
    """There is no published file to speak of."""


def read_status(database: Path, now: datetime, *, check: bool = False) -> Json:
    """Describe the published file as one JSON object; times are ISO 8601 in UTC.

    To `check` it is to read every table whole, and to compare the checksum of all with that of its certificate.
    """
    if not database.exists():
        raise NotPublished(f"{database} does not exist. Run `portouts sync` first.")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            found = _describe(connection, database, now)
            return found | {"content_checksum": _check(connection, database)} if check else found
    except duckdb.Error as error:
        raise not_readable(database, error) from None


def not_readable(database: Path, error: duckdb.Error) -> NotPublished:
    """Say why a published file cannot be read, and what to do."""
    log = database.with_name(f"{database.name}.wal")
    reason = faults.first_line(error)
    if faults.is_of_machine(error) or "lock is held" in reason:
        return NotPublished(f"{database} cannot be read now: {reason}.")
    if database.stat().st_size == 0:
        return NotPublished(f"{database} is empty. Run `portouts sync` first.")
    if log.exists():
        return NotPublished(
            f"{database} cannot be read: {log} lies beside it, the log of another program that has written to it. "
            "Close that program and remove the log, or run `portouts sync`, which replaces both."
        )
    if isinstance(error, duckdb.ProgrammingError):
        return NotPublished(f"{database} is no warehouse of portouts: {reason}. Name another file.")
    return NotPublished(
        f"{database} is damaged, or no warehouse of portouts: {reason}. If it was one, `portouts models` puts a whole "
        "one in its place."
    )


def _check(connection: duckdb.DuckDBPyConnection, database: Path) -> str | None:
    """Read the file whole; return its checksum, or None where it has no certificate of its own."""
    [(certified,)] = connection.execute(
        "select (select content_checksum from raw.verifications where as_of = (select max(as_of) from raw.syncs) "
        "order by finished_at desc limit 1)"
    ).fetchall()
    found = content_checksum(read_contents(connection))
    if certified is None or certified.partition(":")[0] != found.partition(":")[0]:
        return None
    if certified != found:
        raise NotPublished(
            f"{database} is not as it was published: its certificate names other contents. `portouts models` does not "
            "see this; run `portouts sync`, which publishes a copy of the working file."
        )
    return found


def _describe(connection: duckdb.DuckDBPyConnection, database: Path, now: datetime) -> Json:
    connection.execute("set timezone = 'UTC'")
    syncs = _rows(connection, "select * from marts.rpt_sync order by as_of desc, finished_at desc limit 1")
    if not syncs:
        raise NotPublished(f"{database} shows no finished sync. Run `portouts sync` first.")
    [last] = syncs
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
