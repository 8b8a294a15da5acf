"""Several simulated accounts, each with a key of its own, and the warehouse that follows them all."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import httpx
from fake_transport import refusal
from portouts.answers.order import FreshOrder
from portouts.answers.plan import Decision
from portouts.answers.recording import Identity
from portouts.commands.jobs.accounts.sync import run_accounts_sync
from portouts.commands.jobs.accounts.verify import run_accounts_verify
from portouts.commands.jobs.answering.answer import AnswerOutcome, answer
from portouts.commands.jobs.answering.plan import AnswerRequest, Clients, plan
from portouts.commands.jobs.redact import RedactOutcome, run_redact
from portouts.commands.jobs.show import read_fresh
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest
from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest
from portouts.load.settings.files import Setting
from portouts.load.settings.settings import Settings, read_settings
from portouts.telnyx.answers import AnswerClient
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, create_app
from starlette.applications import Starlette

BASE_URL = "https://sandbox.test/v2"


def key_of(account: str) -> str:
    return f"KEY_{account.upper()}_NOT_A_SECRET"


WAITING = {"acme": 2, "northwind": 1}
"""How many orders wait for an answer in each of two small accounts; a carrier has the name of its account."""


def small_worlds() -> dict[str, World]:
    """Make the two small accounts; what is made twice is alike."""
    worlds = {name: World(8, seed=31 + place) for place, name in enumerate(WAITING)}
    for name, count in WAITING.items():
        for number in range(count):
            worlds[name].add_order(carrier_name=f"{name} {number}")
    return worlds


@dataclass
class Accounts:
    """The worlds of accounts by name; `revoked` ones have an unknown key, `forbidden` ones a key without rights."""

    worlds: dict[str, World]
    database: Path
    revoked: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    apps: dict[str, Starlette] = field(init=False)
    first: SyncOutcome = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.apps = {key_of(name): create_app(world, api_key=key_of(name)) for name, world in self.worlds.items()}

    def settings(self, **settings: Any) -> Settings:
        keys = {name: key_of(name) for name in self.worlds}
        found = {f"accounts.{name}.api_key": Setting(key, "a test") for name, key in keys.items()}
        return read_settings(found={**found, "base_url": Setting(BASE_URL, "a test")}, **settings)

    def open_client(self, api_key: str, *arguments: Any, **options: Any) -> TelnyxClient:
        """Open a client; a revoked key is another one to the API."""
        return TelnyxClient(self._sent(api_key), *arguments, **options, transport=self._transport(api_key))

    def open_answers(self, api_key: str, *arguments: Any, **options: Any) -> AnswerClient:
        return AnswerClient(self._sent(api_key), *arguments, **options, transport=self._transport(api_key))

    def _sent(self, api_key: str) -> str:
        return "KEY_REVOKED" if api_key in map(key_of, self.revoked) else api_key

    def _transport(self, api_key: str) -> httpx.AsyncBaseTransport:
        if api_key in map(key_of, self.forbidden):
            return httpx.MockTransport(lambda _request: refusal(403, "10010", "Authorization failed", "No"))
        return httpx.ASGITransport(self.apps[api_key])

    def sync(self, **asked: Any) -> SyncOutcome:
        now = next(iter(self.worlds.values())).now
        request = SyncRequest(settings=self.settings(), **{"as_of": now, **asked})
        return run_accounts_sync(
            Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self.open_client
        )

    def answer(self, decision: Decision, *references: str) -> AnswerOutcome:
        warehouse = Warehouse(self.database)
        request = AnswerRequest(self.settings(), references, decision, Identity("desk", "example"))
        clients = Clients(self.open_client, self.open_answers, lambda _seconds: None)
        planned = plan(warehouse, request, clients=clients)
        return answer(warehouse, request, planned, lambda: datetime.now(UTC), clients=clients)

    def show(self, reference: str) -> FreshOrder:
        return read_fresh(self.database, self.settings(), reference, open_client=self.open_client)

    def copy_to(self, folder: Path, worlds: dict[str, World]) -> Accounts:
        """Copy the warehouse; `worlds` were made alike, to be changed."""
        shutil.copytree(self.database.parent, folder, dirs_exist_ok=True)
        return Accounts(worlds, folder / self.database.name)

    def verify(self, **asked: Any) -> VerifyOutcome:
        request = VerifyRequest(self.settings(), **asked)
        return run_accounts_verify(
            Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self.open_client
        )

    def rename(self, old: str, new: str) -> None:
        """Give an account another name in the settings, with another key."""
        self.worlds[new] = self.worlds.pop(old)
        self.apps[key_of(new)] = create_app(self.worlds[new], api_key=key_of(new))

    def redact(self, **settings: Any) -> RedactOutcome:
        return run_redact(Warehouse(self.database), self.settings(**settings), lambda: datetime.now(UTC))

    def require_worlds(self) -> None:
        """Check that the published file shows every order of each account once, as the API shows it."""
        for name, world in self.worlds.items():
            held = self.ask(f"select portout_id, status from marts.fct_portouts where account = '{name}' order by all")
            assert held == sorted((str(order["id"]), order["status"]) for order in world.orders()), name

    def ask(self, query: str) -> list[Any]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()


@cache
def _synced() -> Accounts:
    folder = Path(mkdtemp(prefix="accounts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    accounts = Accounts(small_worlds(), folder / "group.duckdb")
    accounts.sync()
    return accounts


def synced_accounts(folder: Path) -> Accounts:
    """Return the two small accounts after a sync; they are synced once in a process, and copied."""
    return _synced().copy_to(folder, small_worlds())
