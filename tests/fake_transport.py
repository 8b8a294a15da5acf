"""Fakes at the transport: a clock that moves only by sleeping, scripted answers, and a list that may be paged badly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa
from portouts.extract.run import SyncRun
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.limits.deadlines import Deadline, Watch
from portouts.telnyx.limits.rate_limit import RateLimit

API_KEY = "KEY_FAKE_FAKE_FAKE"
BASE_URL = "https://api.example.test/v2"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Row = dict[str, Any]
Handler = Callable[[httpx.Request], httpx.Response] | Callable[[httpx.Request], Awaitable[httpx.Response]]
Answer = httpx.Response | Exception


@dataclass
class FakeClock:
    """The seconds since 1970 by this machine's clock; only `sleep` lets time pass."""

    now: float = NOON.timestamp()
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def open_client(
    handler: Handler,
    clock: FakeClock | None = None,
    *,
    api_key: str = API_KEY,
    base_url: str = BASE_URL,
    max_concurrency: int = 8,
    deadline: Deadline | None = None,
    watch: Watch | None = None,
) -> TelnyxClient:
    """Make a client that asks a plain function instead of the network."""
    clock = clock or FakeClock()
    deadline = deadline or Deadline(clock=clock)
    return TelnyxClient(
        api_key,
        base_url,
        max_concurrency=max_concurrency,
        deadline=deadline,
        rate_limit=RateLimit(Clock(clock, clock.sleep), deadline.request_seconds),
        watch=watch or Watch(clock=clock),
        transport=httpx.MockTransport(handler),  # type: ignore[arg-type]  # it takes both kinds, in one union
    )


class Script:
    """Give each answer in turn, and the last one again and again; note each request and its instant."""

    def __init__(self, answers: Iterable[Answer], clock: FakeClock) -> None:
        self._answers = list(answers)
        self._clock = clock
        self.requests: list[httpx.Request] = []
        self.instants: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.instants.append(self._clock())
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        # A response can be read once; the last one may be given again.
        return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)


def envelope(rows: Sequence[Row], total: object, page_number: int = 1, page_size: int = 250) -> Row:
    """Write a page as the API does."""
    meta = {"total_pages": 1, "total_results": total, "page_number": page_number, "page_size": page_size}
    return {"data": list(rows), "meta": meta}


def order(number: int, inserted_at: datetime, **fields: object) -> Row:
    """Invent an order with only the fields that reading needs."""
    stamp = inserted_at.isoformat()
    return {"id": f"order-{number:05}", "status": "pending", "inserted_at": stamp, "updated_at": stamp} | fields


def orders_every(step: timedelta, count: int, start: datetime = NOON) -> list[Row]:
    """Invent orders in equal steps of time, oldest first."""
    return [order(number, start + number * step) for number in range(count)]


class TooManyRequests(AssertionError):
    """The reading does not end."""


@dataclass
class ListServer:
    """An in-memory list that is filtered and paged as the reference says; every field is a way to do it worse.

    `hooks` run before the request of that number is answered (from 1), and may change anything here.
    """

    rows: list[Row]
    max_page_size: int = 250
    names_page_size: bool = True
    rows_on: Callable[[int], int] | None = None
    """How many rows the page of this number holds, whatever was asked for."""
    deepest: int | None = None
    total: Callable[[int], object] = lambda count: count
    page_of: Callable[[int], int] = lambda number: number
    sort: Callable[[list[Row]], list[Row]] = lambda rows: rows
    read_bound: Callable[[datetime], datetime] = lambda instant: instant
    ignored: frozenset[str] = frozenset()
    hooks: Mapping[int, Callable[[ListServer], None]] = field(default_factory=dict)
    budget: int = 500
    asked: list[httpx.URL] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if len(self.asked) > self.budget:
            raise TooManyRequests(f"more than {self.budget} requests")
        if len(self.asked) in self.hooks:
            self.hooks[len(self.asked)](self)
        path = request.url.path.removeprefix("/v2")
        return self._list(request.url.params) if path in {"/portouts", "/portouts/events"} else self._one(path)

    def _one(self, path: str) -> httpx.Response:
        found = [row for row in self.rows if row["id"] == path.rpartition("/")[2]]
        if not found:
            return refusal(404, "10005", "Resource not found", "There is no such order")
        return httpx.Response(200, json={"data": found[0]})

    def _list(self, params: httpx.QueryParams) -> httpx.Response:
        number, size = int(params["page[number]"]), min(int(params["page[size]"]), self.max_page_size)
        if self.deepest is not None and number * size > self.deepest:
            return refusal(422, "10033", "Out of range", "The page lies too deep")
        rows = self.sort([row for row in reversed(self.rows) if self._answers(params, row)])
        rows_on, number = self.rows_on or (lambda _: size), self.page_of(number)
        first = sum(rows_on(before) for before in range(1, number))
        named = rows_on(number) if self.names_page_size else int(params["page[size]"])
        page = rows[first : first + rows_on(number)]
        return httpx.Response(200, json=envelope(page, self.total(len(rows)), number, named))

    def _answers(self, params: httpx.QueryParams, row: Row) -> bool:
        for name, value in params.items():
            if not name.startswith("filter") or name in self.ignored:
                continue
            key, _, bound = name.removeprefix("filter[").removesuffix("]").partition("][")
            if not bound and row.get(key) != value:
                return False
            if bound and row.get(key):
                instant = datetime.fromisoformat(row[key]).astimezone(UTC)
                limit = self.read_bound(datetime.fromisoformat(value))
                if (instant < limit) if bound == "gte" else (instant > limit):
                    return False
        return True


def refusal(status: int, code: str, title: str, detail: str) -> httpx.Response:
    """Write an error as the API does."""
    return httpx.Response(status, json={"errors": [{"code": code, "title": title, "detail": detail}]})


async def read_in_one(run: SyncRun) -> Mapping[str, pa.Table]:
    """Read a sync that makes one load package, and return its tables."""
    [package] = [package async for package in run.packages()]
    return package.tables
