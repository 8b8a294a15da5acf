"""A connection to a PostgreSQL server: transactions with bounded waits, and errors without passwords and rows.

The surprise: libpq waits for an answer for ever. The server ends statements that take too long, and the caller gives up
on a server that no longer answers at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi

from portouts.errors import TargetFailed, Transient
from portouts.publish.target import Target

CONNECT_SECONDS, LOCK_SECONDS = 10, 10
# Parameters of libpq, unless the address has them: a dead connection is noticed within a minute.
_PARAMETERS = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "portouts",
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# One publication at a time: the key of an advisory lock.
_LOCK = 0x706F72746F757473
# SQLSTATE of errors after which the same work may succeed: no lock in time, deadlock, serialization.
_TRANSIENT = ("55P03", "40P01", "40001")
_TRIES = 3
_SERVER_SAYS = re.compile(r"(?:ERROR|FATAL|PANIC):\s+(?P<reason>[^\n]*)")
_UNREADABLE = re.compile(r"connection option|invalid URI|in URI|URI query|percent-encoded")
_STATE = re.compile(r"SQLSTATE: (?P<state>\w{5})")

T = TypeVar("T")


class Server:
    """A server; all work is done in transactions."""

    def __init__(self, connection: dbapi.Connection, target: Target, seconds: float) -> None:
        self._connection, self._target, self._seconds = connection, target, seconds

    def in_transaction(self, work: Callable[[], T]) -> T:
        """Do some work in one transaction; once more if it had to wait for a lock for too long."""
        for _ in range(_TRIES - 1):
            with suppress(Transient), self._transaction():
                return work()
        with self._transaction():
            return work()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._begin()
            yield
            with _explained(self._target):
                self._connection.commit()
        except BaseException:
            with suppress(Error):
                self._connection.rollback()
            raise

    def _begin(self) -> None:
        """Bound all waits until the end of the transaction, and wait for another publication to end."""
        milliseconds = str(int(self._seconds * 1000))
        settings = {
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "lock_timeout": str(LOCK_SECONDS * 1000),
            "client_connection_check_interval": "5000",  # of PostgreSQL 14 and later: a killed client ends its work
            "TimeZone": "UTC",
            "DateStyle": "ISO, YMD",
            "search_path": "pg_catalog",
            "jit": "off",
        }
        values = ", ".join(f"('{name}', '{value}')" for name, value in settings.items())
        self.fetch(
            f"select set_config(given.name, given.value, true) from (values {values}) as given (name, value) "
            "where given.name in (select name from pg_catalog.pg_settings)"
        )
        self.fetch(f"select pg_advisory_xact_lock({_LOCK})")

    def execute(self, statement: str) -> None:
        """Run a statement that returns nothing."""
        with self._cursor() as cursor:
            cursor.execute(statement)

    def execute_all(self, statements: Iterable[str]) -> None:
        """Run statements that return nothing, in one round trip."""
        if together := "; ".join(statements):
            self.execute(f"do $portouts$ begin {together}; end $portouts$")

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._cursor() as cursor:
            cursor.execute(query)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def fetch_arrow(self, query: str) -> pa.Table:
        """Return the rows of a query as Arrow."""
        with self._cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def copy(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Copy rows into a temporary table that exists."""
        with self._cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append", temporary=True)

    @contextmanager
    def _cursor(self) -> Iterator[dbapi.Cursor]:
        with _explained(self._target), closing(self._connection.cursor()) as cursor:
            yield cursor


@contextmanager
def connected(target: Target, seconds: float) -> Iterator[Server]:
    """Connect to a server. A password that the address lacks comes from libpq's own places: PGPASSWORD, ~/.pgpass."""
    with _explained(target):
        connection = dbapi.connect(_with_parameters(target.url))
    try:
        yield Server(connection, target, seconds)
    finally:
        with suppress(Error, RuntimeError):
            connection.close()


def _with_parameters(url: str) -> str:
    missing = [f"{name}={value}" for name, value in _PARAMETERS.items() if f"{name}=" not in url]
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(missing)}"


@contextmanager
def _explained(target: Target) -> Iterator[None]:
    """Turn an error of the driver into one sentence: the first line of what the server says, which shows no row."""
    try:
        yield
    except Error as error:
        text = str(error)
        said, state = _SERVER_SAYS.search(text), _STATE.search(text)
        reason = said["reason"] if said else text.partition("\n")[0].rpartition("[libpq] ")[2]
        if _UNREADABLE.search(reason):  # it quotes a part of the address, which may be one of the password
            reason = "the address cannot be read; write special characters of a password as %XX, such as %40 for @"
        kind = Transient if state and state["state"] in _TRANSIENT else TargetFailed
        raise kind(target.without_secrets(reason).rstrip(".")) from None
