"""The state of the published file: its age, the ranges that it covers, its counts and its last certificate.

All instants are UTC. The surprise: a gap is a range between two covered ranges, so the time before the first one and
after the last one is no gap.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from portouts.errors import NotPublished
from portouts.names import DEFAULT_ACCOUNT
from portouts.warehouse import faults
from portouts.warehouse.contents.checksums import content_checksum, read_contents
from portouts.warehouse.sql import sql_folder
from portouts.windows import Window, gaps

Row = dict[str, Any]
Range = tuple[datetime, datetime]


class AccountStatus(msgspec.Struct, frozen=True):
    """The state of one account; null if no sync has read it yet."""

    account: str
    as_of: datetime | None
    age_hours: float | None
    is_proven: bool | None
    orders: int
    failed_at: datetime | None
    """When its last sync failed; null if it did not."""
    failure: str | None


class Status(msgspec.Struct):
    """The state of a published file; its fields are those of `status --json`."""

    database: str
    as_of: datetime
    age_hours: float
    is_proven: bool
    counts: Row
    time_zone_data: str | None
    covered: dict[str, list[Range]]
    """Axis → its covered ranges, in order."""
    gaps: dict[str, list[Range]]
    last_sync: Row
    verification: Row | None
    accounts: list[AccountStatus] | msgspec.UnsetType = msgspec.UNSET
    """Unset: no accounts are set up."""
    inventory: Row | msgspec.UnsetType = msgspec.UNSET
    """Unset: no sync has asked for the account's numbers."""
    content_checksum: str | msgspec.UnsetType | None = msgspec.UNSET
    """Unset: not checked. None: the file has no certificate."""


def read_status(database: Path, now: datetime, *, check: bool = False) -> Status:
    """Read the state of the published file.

    With `check`, read every table completely and compare the checksum with that of the certificate. Raises
    `NotPublished`.
    """
    if not database.exists():
        raise NotPublished(f"{database} does not exist. Run `portouts sync` first.")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            status = _read_status(connection, database, now)
            if check:
                status.content_checksum = _verified_checksum(connection, database)
            return status
    except duckdb.Error as error:
        raise not_readable(database, error) from None


def not_readable(database: Path, error: duckdb.Error) -> NotPublished:
    """Return an error with the reason why a published file cannot be read, and with what to do."""
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


def _verified_checksum(connection: duckdb.DuckDBPyConnection, database: Path) -> str | None:
    """Return the checksum of the file's contents, or None if it has no certificate to compare with.

    Raises `NotPublished` if the certificate has another checksum.
    """
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


def _read_status(connection: duckdb.DuckDBPyConnection, database: Path, now: datetime) -> Status:
    connection.execute("set timezone = 'UTC'")
    last = _first(connection, "select * from marts.rpt_sync order by as_of desc, finished_at desc limit 1")
    if not last:
        raise NotPublished(f"{database} shows no finished sync. Run `portouts sync` first.")
    covered = _covered_windows(connection)
    [inputs] = _rows(connection, "select * from staging.model_inputs")
    return Status(
        database=str(database),
        as_of=last["as_of"],
        age_hours=round((now - last["as_of"]) / timedelta(hours=1), 1),
        is_proven=last["is_proven"],
        counts=_counts(connection),
        time_zone_data=inputs.get("time_zone_data"),
        covered={axis: _ranges(windows) for axis, windows in covered.items()},
        gaps={axis: _ranges(_gaps_between(windows)) for axis, windows in covered.items()},
        last_sync=last,
        verification=_first(
            connection, "select * from raw.verifications order by as_of desc, finished_at desc limit 1"
        ),
        accounts=_accounts(connection, now),
        inventory=_inventory(connection),
    )


def _counts(connection: duckdb.DuckDBPyConnection) -> Row:
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
    return counts


def _accounts(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[AccountStatus] | msgspec.UnsetType:
    if not _rows(connection, "from duckdb_tables() where schema_name = 'raw' and table_name = 'accounts'"):
        return msgspec.UNSET
    rows = _rows(connection, (sql_folder() / "monitor" / "accounts.sql").read_text(encoding="utf-8"))
    return [AccountStatus(**row, age_hours=_hours_since(row["as_of"], now)) for row in rows] or msgspec.UNSET


def read_accounts(connection: duckdb.DuckDBPyConnection) -> list[AccountStatus]:
    """Read the state of each account, aged at the latest sync of any; nothing if no accounts are set up."""
    [(as_of,)] = connection.execute("select max(as_of) from marts.rpt_sync").fetchall()
    found = _accounts(connection, as_of)
    return found if isinstance(found, list) else []


def _hours_since(at: datetime | None, now: datetime) -> float | None:
    return round((now - at) / timedelta(hours=1), 1) if at else None


def _inventory(connection: duckdb.DuckDBPyConnection) -> Row | msgspec.UnsetType:
    """Return the latest count by status, when the whole list was last read, and whether that proved it."""
    if not _rows(connection, "from duckdb_tables() where schema_name = 'raw' and table_name = 'phone_number_counts'"):
        return msgspec.UNSET
    counts = connection.execute(
        "select status, arg_max(numbers, counted_at) as numbers from raw.phone_number_counts group by status order by 1"
    ).fetchall()
    last = None
    if _rows(connection, "from duckdb_tables() where schema_name = 'raw' and table_name = 'phone_number_lists'"):
        last = _first(connection, "select read_at, is_proven from raw.phone_number_lists order by read_at desc limit 1")
    return {"counts": dict(counts), **(last or {"read_at": None, "is_proven": None})}


def _covered_windows(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Window]]:
    """Return the ranges that every account has covered, by axis."""
    held: dict[str, dict[str, list[Window]]] = {}
    for row in _rows(connection, "select * from raw.covered_ranges order by axis, range_start"):
        window, account = Window(row["range_start"], row["range_end"]), row.get("account", DEFAULT_ACCOUNT)
        held.setdefault(row["axis"], {}).setdefault(account, []).append(window)
    return {axis: _in_all([*of_accounts.values()]) for axis, of_accounts in held.items()}


def _in_all(of_accounts: list[list[Window]]) -> list[Window]:
    if len(of_accounts) == 1:
        return of_accounts[0]
    span = Window(min(windows[0].start for windows in of_accounts), max(windows[-1].end for windows in of_accounts))
    return gaps([gap for windows in of_accounts for gap in gaps(windows, span)], span)


def _gaps_between(windows: list[Window]) -> list[Window]:
    return gaps(windows, Window(windows[0].start, windows[-1].end))


def _ranges(windows: list[Window]) -> list[Range]:
    return [(window.start, window.end) for window in windows]


def _first(connection: duckdb.DuckDBPyConnection, query: str) -> Row | None:
    rows = _rows(connection, query)
    return rows[0] if rows else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, map(_in_utc, row), strict=True)) for row in result.fetchall()]


def _in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
