"""Attempts to answer an order, in `raw.answers`: written before the request is sent, and completed afterwards.

A process that works on the warehouse holds its lock. An incomplete row therefore belongs to a process that has ended.
The next sync completes the row with the status that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import duckdb

from portouts.names import DEFAULT_ACCOUNT
from portouts.warehouse.metadata import create_metadata

NOT_NOTED = "the process ended before it noted the outcome"


class Outcome(StrEnum):
    """The outcome of an attempt; the comments of `raw.answers` explain each value."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not answered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """A new row of `raw.answers`, by its column names."""

    attempt_id: str
    sent_at: datetime
    user_name: str
    host_name: str
    portout_id: str
    support_key: str | None
    answer: str
    rejection_code: int | None
    reason: str | None
    status_before: str | None
    account: str = DEFAULT_ACCOUNT


def note_attempt(connection: duckdb.DuckDBPyConnection, attempt: Attempt) -> None:
    """Commit the row of a request that is about to be sent."""
    create_metadata(connection)
    row: Mapping[str, object] = {**asdict(attempt), "outcome": Outcome.UNKNOWN, "detail": NOT_NOTED}
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"insert into raw.answers ({', '.join(row)}) values ({marks})",  # noqa: S608 - names of our own
        list(row.values()),
    )


def complete_attempt(
    connection: duckdb.DuckDBPyConnection,
    attempt_id: str,
    outcome: Outcome,
    status_after: str | None,
    detail: str,
    finished_at: datetime,
) -> None:
    """Write the outcome of an attempt."""
    connection.execute(
        "update raw.answers set outcome = ?, status_after = ?, detail = ?, finished_at = ? where attempt_id = ?",
        [outcome, status_after, detail, finished_at, attempt_id],
    )


def unfinished_attempts(connection: duckdb.DuckDBPyConnection, account: str) -> list[str]:
    """List the orders of an account with attempts whose process ended before it recorded the outcome."""
    create_metadata(connection)
    rows = connection.execute(
        "select distinct portout_id from raw.answers where finished_at is null and account = ? order by all", [account]
    )
    return [portout_id for (portout_id,) in rows.fetchall()]


def complete_unfinished_attempts(connection: duckdb.DuckDBPyConnection, finished_at: datetime) -> None:
    """Complete the attempts of ended processes by the status of their orders, which was read later."""
    create_metadata(connection)
    connection.execute(
        """
        update raw.answers set
            status_after = portouts.status,
            outcome = case portouts.status
                when answer then $answered when 'pending' then $not_answered else $unknown end,
            detail = detail || '; the order was read again later',
            finished_at = $finished_at
        from raw.portouts as portouts
        where portouts.id = answers.portout_id and answers.finished_at is null and portouts.deleted_at is null
        """,
        {
            "answered": Outcome.ANSWERED,
            "not_answered": Outcome.NOT_ANSWERED,
            "unknown": Outcome.UNKNOWN,
            "finished_at": finished_at,
        },
    )
