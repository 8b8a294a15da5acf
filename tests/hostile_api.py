"""An API that answers rows exactly as they are written here, and filters them by times that it never shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fake_transport import API_KEY, BASE_URL, FakeClock, refusal
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest, run_verify
from portouts.load.settings.settings import Settings, read_settings
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.warehouse.warehouse import Warehouse
from simulated_account import ask, clock_that_breaks

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVERYWHERE, NOWHERE = "everywhere", "nowhere"
Place = datetime | str


@dataclass
class HostileApi:
    """Orders and events, each with the time that filters compare, or with a place in every range or in none."""

    orders: list[tuple[Place, Any]] = field(default_factory=list)
    events: list[tuple[Place, Any]] = field(default_factory=list)
    now: datetime = NOW
    spoil: Callable[[bytes], bytes] = lambda body: body
    """Change the body of a page of rows."""
    requests: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        path = request.url.path.removeprefix("/v2")
        rows = {"/portouts": self.orders, "/portouts/events": self.events}.get(path)
        return self._one(path) if rows is None else self._list(rows, request.url.params)

    def _one(self, path: str) -> httpx.Response:
        wanted = path.rpartition("/")[2]
        rows = self.events if "/events/" in path else self.orders
        for _, row in rows:
            if isinstance(row, dict) and str(row.get("id")) == wanted:
                return self._answer({"data": row})
        return refusal(404, "10005", "Resource not found", "There is no such order")

    def _list(self, rows: list[tuple[Place, Any]], params: httpx.QueryParams) -> httpx.Response:
        number, size = int(params["page[number]"]), int(params["page[size]"])
        found = [row for place, row in rows if _answers(params, place, row)]
        page = found[(number - 1) * size : number * size]
        meta = {"total_results": len(found), "page_number": number, "page_size": size}
        return self._answer({"data": page, "meta": meta})

    def _answer(self, envelope: dict[str, Any]) -> httpx.Response:
        body = json.dumps(envelope).encode()
        return httpx.Response(200, content=self.spoil(body), headers={"content-type": "application/json"})


def _answers(params: httpx.QueryParams, place: Place, row: Any) -> bool:
    if params.get("filter[status]") not in (None, row.get("status") if isinstance(row, dict) else None):
        return False
    if "filter[ported_out_at][gte]" in params and not (isinstance(row, dict) and row.get("status") == "ported"):
        return False
    bounds = {name[-5:]: value for name, value in params.items() if name.endswith(("[gte]", "[lte]"))}
    if not isinstance(place, datetime):
        return place == EVERYWHERE or not bounds
    start, end = (datetime.fromisoformat(bounds[bound]) for bound in ("[gte]", "[lte]"))
    return start <= place <= end


def order(number: int, **fields: Any) -> tuple[datetime, dict[str, Any]]:
    """Write an ordinary order, ported or pending, received `number` days before NOW."""
    place = NOW - timedelta(days=number)
    stamp = place.isoformat()
    row = {
        "id": f"order-{number:03}",
        "status": "ported" if number % 3 else "rejected",
        "carrier_name": "Example",
        "phone_numbers": [f"+1212555{number:04}"],
        "created_at": stamp,
        "inserted_at": stamp,
        "updated_at": stamp,
    }
    return place, row | fields


@dataclass
class HostileAccount:
    """Syncs and verifications of one hostile API."""

    api: HostileApi
    database: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def sync(self, settings: dict[str, Any] | None = None, **asked: Any) -> SyncOutcome:
        request = SyncRequest(settings=self._checked(settings or {}), **{"as_of": self.api.now, **asked})
        return run_sync(Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self._open_client)

    def sync_interrupted_after_loading(self, settings: dict[str, Any] | None = None, **asked: Any) -> None:
        """Fail just after everything was loaded, in the clock that dates the next step."""
        request = SyncRequest(self.api.now, self._checked(settings or {}), **asked)
        with suppress(RuntimeError):
            run_sync(Warehouse(self.database), request, clock_that_breaks(), open_client=self._open_client)

    def verify(self, **asked: Any) -> VerifyOutcome:
        request = VerifyRequest(self._checked({}), **asked)
        return run_verify(Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self._open_client)

    def _checked(self, settings: dict[str, Any]) -> Settings:
        return read_settings(API_KEY, BASE_URL, **self.settings, **settings)

    def _open_client(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        clock = FakeClock()
        given["rate_limit"] = given.get("rate_limit") or RateLimit(Clock(clock, clock.sleep))
        return TelnyxClient(api_key, base_url, transport=httpx.MockTransport(self.api), **given)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Query the published file."""
        return ask(self.database, query)
