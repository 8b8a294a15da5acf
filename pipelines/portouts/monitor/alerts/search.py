"""Runs the alert queries on the published file, with limits on time and memory.

A query can read two variables: `now`, and `hours_before` from the settings. It cannot write or open another file. A
column `account` is shown only if the file holds several accounts.
The file is attached to a database in memory, because another part of the process may have it open with other options.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.monitor.alerts.finding import Alert, Finding, key_of
from portouts.monitor.alerts.queries import Query, UnusableQuery, query_files, read_query, require_usable
from portouts.monitor.alerts.values import LINE_LENGTH, is_shown, line_of, safe_text
from portouts.warehouse.faults import first_line
from portouts.warehouse.sql import quoted

MOST_ROWS = 10_000
CANNOT_BE_RUN = "An alert cannot be run."
_INTERRUPTED_EVERY = 0.05  # seconds
_OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "512MB",
    "temp_directory": "",
    "threads": 2,
}


@dataclass(frozen=True)
class Found:
    """What the queries found, and the names of the queries that failed."""

    alerts: tuple[Alert, ...] = ()
    unknown: frozenset[str] = frozenset()
    as_of: datetime | None = None
    """None if no published file can be read."""


def search(
    database: Path, own_folder: Path | None, now: datetime, hours_before: Sequence[float], seconds: float
) -> Found:
    """Run all queries; `seconds` limits their total time."""
    until = time.monotonic() + seconds
    files = query_files(own_folder)
    names = frozenset(path.stem for path in files)
    try:
        with _opened(database, now, hours_before) as connection:
            query = "select max(as_of), count(distinct account) from marts.rpt_sync"
            [(as_of, accounts)] = connection.execute(query).fetchall()
            hidden = frozenset() if accounts > 1 else frozenset({"account"})
            found = {path.stem: _alert(connection, path, until, hidden) for path in files}
    except duckdb.Error:
        return Found(unknown=names | {_name_of_failure(name) for name in names})
    failed = frozenset(name for name, alert in found.items() if alert and alert.name != name)
    return Found(tuple(alert for alert in found.values() if alert), failed, as_of)


@contextmanager
def _opened(database: Path, now: datetime, hours_before: Sequence[float]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config=_OPTIONS) as connection:
        connection.execute(f"attach '{quoted(database)}' as published (read_only)")
        connection.execute("use published; set enable_external_access = false; set timezone = 'UTC'")
        connection.execute("set variable now = ?::timestamptz", [now])
        connection.execute("set variable hours_before = ?::double[]", [list(hours_before)])
        yield connection


def _alert(connection: duckdb.DuckDBPyConnection, path: Path, until: float, hidden: frozenset[str]) -> Alert | None:
    """Run one file. Return an alert with another name if it fails, and None if it has no SQL."""
    try:
        query = read_query(path)
        return Alert(query.name, query.title, tuple(_findings(connection, query, until, hidden))) if query else None
    except UnusableQuery as problem:
        return _failure(path.stem, str(problem))
    except duckdb.InterruptException:
        return _failure(path.stem, "it takes longer than all alerts together may take")
    except duckdb.Error as error:
        return _failure(path.stem, first_line(error))
    except (OverflowError, ValueError) as error:
        return _failure(path.stem, f"it returns a value that cannot be shown ({type(error).__name__})")


def _failure(name: str, problem: str) -> Alert:
    line = f"{safe_text(name)}: {safe_text(problem, LINE_LENGTH)}"
    return Alert(_name_of_failure(name), CANNOT_BE_RUN, (Finding(key_of([problem]), line),))


def _name_of_failure(name: str) -> str:
    return f"failed: {name}"


def _findings(
    connection: duckdb.DuckDBPyConnection, query: Query, until: float, hidden: frozenset[str]
) -> Iterator[Finding]:
    require_usable(connection, query.sql)
    with _interrupted_at(connection, until):
        result = connection.execute(query.sql)
        names = [column[0] for column in result.description or ()]
        rows = result.fetchmany(MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise UnusableQuery(f"it returns more than {MOST_ROWS:,} rows; let it select less")
    key = _places_of_key(query.key, names)
    shown = [f"_{name}" if name in hidden else name for name in names]
    for row in rows:
        yield Finding(key_of(row[place] for place in key), line_of(shown, row))


def _places_of_key(key: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the positions of the key's columns; without a key, of all columns that are shown."""
    if missing := [name for name in key if name not in names]:
        raise UnusableQuery(f"its key names {', '.join(missing)}, which it does not select")
    return [place for place, name in enumerate(names) if (name in key if key else is_shown(name))]


@contextmanager
def _interrupted_at(connection: duckdb.DuckDBPyConnection, until: float) -> Iterator[None]:
    """Interrupt the connection when the time is over; repeat it, because an idle connection ignores an interrupt."""
    is_done = threading.Event()

    def interrupt() -> None:
        pause = until - time.monotonic()
        while not is_done.wait(max(pause, 0)):
            connection.interrupt()
            pause = _INTERRUPTED_EVERY

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
