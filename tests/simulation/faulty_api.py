"""A faulty API: the sandbox behind a transport that delays, breaks, lies and reshuffles, all from a seed.

Time is the world's: every request moves its clock, and a client that sleeps moves it too, so nothing waits for real.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import orjson
from portouts.extract.intake import ANNOUNCED_WITHIN
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.telnyx.queries import FINAL_STATUSES, OPEN_STATUSES
from portouts_sandbox import World, create_app

KEY = "KEY_SIMULATED_NOT_A_SECRET"
BASE_URL = "https://sandbox.test/v2"
HTML = b"<html><body>upstream is having a bad day</body></html>"
PAGE = ("page[number]", "page[size]")
# Rows of which `created_at` begins with so many equal characters are shuffled.
SHUFFLED_WITHIN = {"ties": len("2026-06-01T12:00"), "shuffled": 0}
Json = dict[str, Any]


@dataclass(frozen=True)
class Faults:
    """What the API does to its readers, in shares of requests unless said otherwise."""

    fault_share: float
    seconds_per_request: float
    ordering: str
    """`ties` and `shuffled` differ on each request: rows of the same minute, or all rows."""
    depth_cap: int | None
    """Rows beyond which a page is refused with 422."""
    slip_share: float
    """Pages answered wrongly behind a 200: repeated, short or empty."""
    stale_share: float
    """Rows answered in an older version than the one already shown in this sync."""
    revoked_share: float
    meddling_share: float
    """Requests before which somebody changes an order."""

    @classmethod
    def draw(cls, rng: Random) -> Faults:
        rough = rng.random() < 0.7
        seconds_per_request = rng.choice((0.0, 0.3, 5.0, 60.0))
        return cls(
            fault_share=rng.choice((0.02, 0.1, 0.25)) if rough else 0.0,
            seconds_per_request=seconds_per_request,
            ordering=rng.choice(("newest", "shuffled", "ties", "oldest", "id")),
            depth_cap=rng.choice((None, None, 300)),
            slip_share=rng.choice((0.0, 0.0, 0.03)) if rough else 0.0,
            stale_share=rng.choice((0.0, 0.1, 0.4)) if rough else 0.0,
            revoked_share=rng.choice((0.0, 0.0, 0.003)) if rough else 0.0,
            # Changes need time to pass: at a clock that stands still, a range up to now would never stop growing.
            meddling_share=rng.choice((0.0, 0.03, 0.15)) if seconds_per_request else 0.0,
        )


class MachineClock:
    """The clock of the machine that syncs: right, wrong for good, or set anew before each sync.

    Where the API does not always show its own clock, ours is ahead by no more than is read again anyway.
    """

    WRONG = tuple(timedelta(hours=hours) for hours in (0, 0, 3, 0.7, -0.7, -24, 50, -700, 120 * 24))
    WITHIN_OVERLAP = timedelta(minutes=30)

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"machine clock {seed}")
        self.is_always_dated = self._rng.random() < 0.8
        self._jumps = self.is_always_dated and self._rng.random() < 0.4
        self.ahead = self._rng.choice(self.WRONG) if self.is_always_dated else self.WITHIN_OVERLAP * self._rng.random()
        self.shows_date = True

    def begin_sync(self) -> None:
        self.shows_date = self.is_always_dated or self._rng.random() < 0.5
        if self._jumps:
            self.ahead = self._rng.choice(self.WRONG)


class FaultyApi(httpx.AsyncBaseTransport):
    """The sandbox as one reader sees it, with these faults."""

    def __init__(self, world: World, rng: Random, faults: Faults, *, events: bool = True) -> None:
        self.world, self.faults, self.has_events, self.requests = world, faults, events, 0
        self._rng = rng
        self._inner = httpx.ASGITransport(create_app(world, api_key=KEY, events=events))
        self._lists: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, list[Json]]] = {}
        self._versions: dict[str, list[Json]] = {}
        self._shown_at: dict[str, datetime] = {}
        """By order: the newest instant at which it is known to have changed, from what this sync has been shown."""
        self._is_lagging = False
        self.machine = MachineClock(world.seed)
        self._letters = Random(f"letters {world.seed}")
        self._upper_share = self._letters.choice((0.0, 0.0, 0.02, 0.5)) if faults.fault_share else 0.0
        self._failures: list[Callable[[httpx.Request], httpx.Response]] = [
            self._throttled,
            self._failing,
            self._unreachable,
            self._cut_off,
            self._not_json,
            self._hanging,
        ]

    def open_client(self, api_key: str = KEY, base_url: str = BASE_URL, **given: Any) -> TelnyxClient:
        given["rate_limit"] = given.get("rate_limit") or RateLimit(Clock(self.clock, self.sleep))
        return TelnyxClient(api_key, base_url, transport=self, **{"max_concurrency": 8, **given})

    def machine_now(self) -> datetime:
        """Say what the machine that syncs takes for now."""
        return self.world.now + self.machine.ahead

    def clock(self) -> float:
        return self.machine_now().timestamp()

    async def sleep(self, seconds: float) -> None:
        self.world.advance(timedelta(seconds=seconds))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._answer(request)
        response.headers.pop("date", None)
        if self.machine.shows_date:
            response.headers["date"] = format_datetime(self.world.now, usegmt=True)
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.world.advance(timedelta(seconds=self._rng.random() * self.faults.seconds_per_request))
        if self._rng.random() < self.faults.meddling_share:
            meddle(self._rng, self.world)
        if self._rng.random() < self.faults.revoked_share:
            return httpx.Response(401, json={"errors": [{"code": "10009", "title": "Authentication failed"}]})
        if self._rng.random() < self.faults.fault_share:
            return self._rng.choice(self._failures)(request)
        if request.url.path in ("/v2/portouts", "/v2/portouts/events"):
            return await self._list(request)
        response = await self._inner.handle_async_request(request)
        if response.status_code != 200:
            return response
        answer = orjson.loads(await response.aread())
        return httpx.Response(200, content=orjson.dumps({"data": self._respelled(answer["data"])}))

    # Lists

    async def _list(self, request: httpx.Request) -> httpx.Response:
        parts = parse_qsl(request.url.query.decode())
        page = {name: int(value) for name, value in parts if name in PAGE}
        number, size = page["page[number]"], page["page[size]"]
        whole = await self._whole_list(request, tuple(part for part in parts if part[0] not in PAGE))
        if isinstance(whole, httpx.Response):
            return whole
        if self.faults.depth_cap and number * size > self.faults.depth_cap and number > 1:
            return httpx.Response(422, json={"errors": [{"code": "10033", "title": "Page out of range"}]})
        if self._rng.random() < self.faults.slip_share:
            number = max(1, number + self._rng.choice((-1, 1)))
        rows = whole[(number - 1) * size : number * size]
        if self._rng.random() < self.faults.slip_share:
            rows = rows[: len(rows) // 2]
        meta = {
            "total_results": len(whole),
            "total_pages": -(-len(whole) // size),
            "page_number": number,
            "page_size": size,
        }
        return httpx.Response(
            200, content=orjson.dumps({"data": [self._respelled(self._version(row)) for row in rows], "meta": meta})
        )

    async def _whole_list(
        self, request: httpx.Request, filters: tuple[tuple[str, str], ...]
    ) -> list[Json] | httpx.Response:
        known = request.url.path, filters
        version, rows = self._lists.get(known, (-1, []))
        if version == self.world.store.version:
            return self._ordered(rows)
        rows = []
        while True:
            page = {"page[number]": len(rows) // 250 + 1, "page[size]": 250}
            url = request.url.copy_with(query=urlencode([*filters, *page.items()]).encode())
            response = await self._inner.handle_async_request(httpx.Request("GET", url, headers=request.headers))
            body = await response.aread()
            if response.status_code != 200:
                return httpx.Response(response.status_code, content=body)
            answer = orjson.loads(body)
            rows += answer["data"]
            if len(rows) >= answer["meta"]["total_results"]:
                self._lists[known] = self.world.store.version, rows
                return self._ordered(rows)

    def _ordered(self, rows: list[Json]) -> list[Json]:
        if self.faults.ordering in SHUFFLED_WITHIN:
            digits, keys = SHUFFLED_WITHIN[self.faults.ordering], [self._rng.random() for _ in rows]
            order = sorted(range(len(rows)), key=lambda n: (rows[n]["created_at"][:digits], keys[n]), reverse=True)
            return [rows[n] for n in order]
        if self.faults.ordering == "oldest":
            return rows[::-1]
        return sorted(rows, key=lambda row: str(row["id"])) if self.faults.ordering == "id" else rows

    def _version(self, row: Json) -> Json:
        """Show a row as it is, or an order as a lagging replica still holds it.

        The replica lags behind what this sync has been shown of the order, itself or an event. Nothing could reveal a
        version that is older than the newest and no older than that.
        """
        if "portout_id" in row:
            self._note_shown(row["portout_id"], datetime.fromisoformat(row["created_at"]) - ANNOUNCED_WITHIN)
            return row
        versions = self._versions.setdefault(row["id"], [])
        if row not in versions:
            versions.append(row)
        if self._is_lagging and row["id"] in self._shown_at and self._rng.random() < self.faults.stale_share:
            known = self._shown_at[row["id"]]
            return self._rng.choice([row, *(old for old in versions if _updated_at(old) < known)])
        self._note_shown(row["id"], _updated_at(row))
        return row

    def _note_shown(self, order_id: str, at: datetime) -> None:
        self._shown_at[order_id] = max(at, self._shown_at.get(order_id, at))

    def _respelled(self, row: Json) -> Json:
        """Write the ids of some rows in upper case."""
        ids = [name for name in ("id", "portout_id") if row.get(name) and self._letters.random() < self._upper_share]
        return row | {name: row[name].upper() for name in ids}

    def begin_sync(self, *, is_first: bool) -> None:
        """Let replicas lag only behind what this sync has been shown; a first load takes each order as it comes."""
        self.machine.begin_sync()
        self._shown_at.clear()
        self._is_lagging = not is_first

    # Faults

    def _throttled(self, _request: httpx.Request) -> httpx.Response:
        seconds = self._rng.randrange(1, 20)
        then = self.world.now + timedelta(seconds=seconds)
        headers = self._rng.choice(
            (
                {},
                {"retry-after": str(seconds)},
                {"retry-after": format_datetime(then.astimezone(UTC), usegmt=True)},
                {
                    "x-ratelimit-remaining": "0",
                    "x-ratelimit-reset": str(seconds),
                    "x-ratelimit-limit": "20, 20;window=1",
                },
                {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(then.timestamp()))},
            )
        )
        return httpx.Response(429, headers=headers, json={"errors": [{"code": "10011", "title": "Too many requests"}]})

    def _failing(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(self._rng.choice((408, 425, 500, 502, 503, 504)), content=HTML)

    def _unreachable(self, request: httpx.Request) -> httpx.Response:
        raise self._rng.choice((httpx.ConnectError, httpx.RemoteProtocolError))("no answer", request=request)

    def _cut_off(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("connection reset in the body", request=request)

    def _not_json(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self._rng.choice((HTML, b"", b'{"data":[{"id":"', b'{"data":null}')))

    def _hanging(self, request: httpx.Request) -> httpx.Response:
        self.world.advance(timedelta(seconds=60))
        raise httpx.ReadTimeout("no answer in time", request=request)


def _updated_at(order: Json) -> datetime:
    return datetime.fromisoformat(order["updated_at"])


def meddle(rng: Random, world: World) -> None:
    """Change one order, as porting staff, carriers and customers do: any status may become any other."""
    orders = world.store.orders
    if not orders:
        return
    order = rng.choice(orders)
    if rng.random() < 0.3:
        world.change(order.id, carrier_name=f"Renamed {rng.randrange(9)}")
    else:
        world.change(order.id, status=rng.choice((*OPEN_STATUSES, *FINAL_STATUSES)))


def commit_late(rng: Random, world: World, latest: timedelta) -> None:
    """Let orders appear whose `inserted_at` lies in the past."""
    for _ in range(rng.randrange(3)):
        world.add_order(inserted_at=world.now - latest * rng.random(), carrier_name="Latecomer")
