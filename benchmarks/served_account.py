"""Inside the serving process: the sandbox, a log of its requests, and the comparison of warehouses with it.

The surprise: more orders make a longer history, not a denser one, so three days bring the same changes at any size
(until the history would begin before 2010).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
from account import API_KEY, Errors, Request, Setting
from portouts_sandbox import World, create_app, running
from portouts_sandbox.world import NOW, STARTS_AT
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ORDERS_SINCE_STARTS_AT = 20_000
EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)

COMPARE = """
with held as (
    select id, {status} as status, cast(updated_at as timestamptz) as updated_at
    from {table}
),

compared as (
    select
        coalesce(shown.id, held.id) as id,
        held.id is null as is_missing,
        shown.id is null as is_extra,
        held.status is distinct from shown.status as is_stale,
        held.updated_at is distinct from cast(shown.updated_at as timestamptz) as is_outdated,
    from shown
    full join held on held.id = shown.id
)

select
    count(*) filter (is_missing),
    count(distinct id) filter (is_stale and not is_missing and not is_extra),
    count(distinct id) filter (is_outdated and not is_stale),
    (select count(*) - count(distinct id) from held),
    count(distinct id) filter (is_extra),
from compared
"""


class ServedAccount:
    """A world and the API that serves it; `account.Account` describes its methods."""

    def __init__(self, setting: Setting) -> None:
        history = (NOW - STARTS_AT) * (setting.orders / ORDERS_SINCE_STARTS_AT)
        self._world = World(setting.orders, starts_at=max(NOW - history, EARLIEST))
        latency = setting.latency_ms / 1000
        app = create_app(self._world, api_key=API_KEY, latency=latency, rate_limit=setting.rate_limit)
        self._api = _RequestLog(app)
        self._server = ExitStack()
        self._base_url = self._server.enter_context(running(self._api))

    def base_url(self) -> str:
        return self._base_url

    def now(self) -> str:
        return self._world.now.isoformat()

    def size(self) -> tuple[int, int]:
        return len(self._world.store.orders), len(self._world.store.events)

    def advance(self, days: float) -> None:
        self._world.advance(timedelta(days=days))

    def take_requests(self) -> list[Request]:
        return self._api.take()

    def compare(self, database: Path, tables: tuple[str, str]) -> tuple[Errors, Errors]:
        orders, events = tables
        store = self._world.store
        with self._world.lock, duckdb.connect(str(database), read_only=True) as warehouse:
            return (
                _errors(warehouse, orders, "status", (order.json for order in store.orders)),
                _errors(warehouse, events, "payload_status", (event.json for event in store.events)),
            )


class _RequestLog:
    """ASGI middleware that records when each request arrived, and the status of its response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = time.monotonic()

        async def record_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.append(Request(at, message["status"]))
            await send(message)

        await self._app(scope, receive, record_status)

    def take(self) -> list[Request]:
        taken, self._requests = self._requests, []
        return taken


def _errors(warehouse: duckdb.DuckDBPyConnection, table: str, status: str, shown: Iterable[bytes]) -> Errors:
    warehouse.register("shown", _versions(shown, status))
    [counts] = warehouse.execute(COMPARE.format(table=table, status=status)).fetchall()
    return Errors(*counts)


def _versions(rows: Iterable[bytes], status: str) -> pa.Table:
    """Return the columns that distinguish one version of a row from another."""
    versions = [(row["id"], row[status], row["updated_at"]) for row in map(orjson.loads, rows)]
    return pa.table(dict(zip(("id", "status", "updated_at"), map(list, zip(*versions, strict=True)), strict=True)))
