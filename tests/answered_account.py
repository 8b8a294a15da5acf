"""An account whose orders are answered, through a transport that can fail at the one request that changes something."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
from portouts.answers.plan import Decision
from portouts.answers.recording import Identity
from portouts.commands.jobs.answering.answer import AnswerOutcome, answer
from portouts.commands.jobs.answering.plan import AnswerRequest, Clients, plan
from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.telnyx.answers import AnswerClient, Target
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account

DESK = Identity("desk", "example")
AUTHORIZE = Decision(Target.AUTHORIZED)
HANGING = 0.2  # seconds until a request that hangs is given up


def reject(code: int, reason: str | None = None) -> Decision:
    return Decision(Target.REJECTED, code, reason)


class Fault(StrEnum):
    """What happens to a PATCH; the API accepts those whose name ends with `after`."""

    HANGS_BEFORE = "hangs before"
    HANGS_AFTER = "hangs after"
    BREAKS_BEFORE = "breaks before"
    BREAKS_AFTER = "breaks after"
    FAILS_BEFORE = "500 before"
    FAILS_AFTER = "500 after"
    UNREADABLE_AFTER = "unreadable after"
    UNREACHED = "not reached"

    @property
    def is_accepted(self) -> bool:
        return self.endswith("after")


@dataclass
class FaultyTransport(httpx.AsyncBaseTransport):
    """Pass requests on to an API; what a PATCH meets is `fault`."""

    app: Any
    fault: Fault | None = None
    is_dead_after: bool = False
    """After a PATCH, nothing is answered any more."""
    refusal: Callable[[], httpx.Response] | None = None
    """The answer to every PATCH."""
    patches: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.ASGITransport(self.app)
        if request.method != "PATCH":
            if self.is_dead_after and self.patches:
                raise httpx.ConnectError("refused")
            return await inner.handle_async_request(request)
        self.patches.append(request.url.path)
        if self.refusal:
            return self.refusal()
        if self.fault is None or self.fault.is_accepted:
            response = await inner.handle_async_request(request)
            await response.aread()
        else:
            response = httpx.Response(500)
        return response if self.fault is None else await self._spoiled()

    async def _spoiled(self) -> httpx.Response:
        match self.fault:
            case Fault.HANGS_BEFORE | Fault.HANGS_AFTER:
                await asyncio.Event().wait()
            case Fault.BREAKS_BEFORE | Fault.BREAKS_AFTER:
                raise httpx.ReadError("connection reset by peer")
            case Fault.UNREACHED:
                raise httpx.ConnectError("refused")
            case Fault.UNREADABLE_AFTER:
                return httpx.Response(200, html="<p>Welcome to the hotel's network</p>")
        return httpx.Response(500)


@dataclass
class AnsweredAccount:
    """A simulated account and the commands that answer its orders."""

    account: Account
    api: FaultyTransport = field(init=False)
    waits: list[float] = field(default_factory=list)
    before_sending: Callable[[], None] = lambda: None
    """Happens between the reading of the orders and the first request."""
    on_note: Callable[[str], None] = lambda _note: None

    def __post_init__(self) -> None:
        self.api = FaultyTransport(self.account.app)

    def answer(
        self,
        decision: Decision,
        *references: str,
        callbacks: Callbacks = NO_CALLBACKS,
        wait_seconds: float = 0.0,
        **settings: Any,
    ) -> AnswerOutcome:
        request = AnswerRequest(self.account.checked(**settings), references, decision, DESK, wait_seconds)
        clients = Clients(self._open_reading, self._open_answers, self.waits.append)
        warehouse = Warehouse(self.account.database, on_note=self.on_note)
        planned = plan(warehouse, request, clients=clients)
        self.before_sending()
        return answer(warehouse, request, planned, lambda: datetime.now(UTC), callbacks, clients=clients)

    def _open_reading(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        return TelnyxClient(api_key, base_url, transport=self.api, **given)

    def _open_answers(self, api_key: str, base_url: str, **given: Any) -> AnswerClient:
        return AnswerClient(api_key, base_url, transport=self.api, seconds=HANGING, **given)

    def attempts(self, columns: str = "outcome, status_before, status_after") -> list[tuple[Any, ...]]:
        """Read the attempts as the published file shows them."""
        return self.account.ask(f"select {columns} from marts.rpt_answers order by sent_at")


def pending_orders(world: World, count: int) -> Sequence[str]:
    return [world.add_order() for _ in range(count)]


def synced_account(folder: Path, orders: int = 0, **settings: Any) -> AnsweredAccount:
    """Make an account whose history is loaded; what is loaded once is copied."""
    loaded = _loaded(orders, tuple(settings.items()))
    return AnsweredAccount(loaded.copy_to(folder, _world(orders)))


@cache
def _loaded(orders: int, settings: Sequence[tuple[str, Any]]) -> Account:
    folder = Path(mkdtemp(prefix="answered-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    account = Account(_world(orders), folder / "portouts.duckdb", settings=dict(settings))
    account.sync()
    return account


def _world(orders: int) -> World:
    world = World(orders, seed=5)
    world.add_order(status="authorized")
    return world
