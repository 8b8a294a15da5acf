"""Several simulated accounts, each with a key of its own, and the warehouse that follows them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
from portouts.answers.plan import Decision
from portouts.answers.recording import Identity
from portouts.commands.jobs.accounts.sync import run_accounts_sync
from portouts.commands.jobs.accounts.verify import run_accounts_verify
from portouts.commands.jobs.answer import AnswerOutcome, AnswerRequest, Clients, answer, plan
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest
from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest
from portouts.load.settings.files import Setting
from portouts.load.settings.settings import Settings, read_settings
from portouts.telnyx.answers import AnswerClient, Target
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, create_app
from starlette.applications import Starlette

BASE_URL = "https://sandbox.test/v2"


def key_of(account: str) -> str:
    return f"KEY_{account.upper()}_NOT_A_SECRET"


@dataclass
class Accounts:
    """The worlds of accounts by name; the API refuses the keys of `revoked` ones."""

    worlds: dict[str, World]
    database: Path
    revoked: set[str] = field(default_factory=set)
    apps: dict[str, Starlette] = field(init=False)
    first: SyncOutcome = field(init=False)

    def __post_init__(self) -> None:
        self.apps = {key_of(name): create_app(world, api_key=key_of(name)) for name, world in self.worlds.items()}

    def settings(self) -> Settings:
        keys = {name: key_of(name) for name in self.worlds}
        found = {f"accounts.{name}.api_key": Setting(key, "a test") for name, key in keys.items()}
        return read_settings(found={**found, "base_url": Setting(BASE_URL, "a test")})

    def open_client(self, api_key: str, *arguments: Any, **options: Any) -> TelnyxClient:
        """Open a client; a revoked key is another one to the API."""
        app = self.apps[api_key]
        sent = "KEY_REVOKED" if api_key in map(key_of, self.revoked) else api_key
        return TelnyxClient(sent, *arguments, **options, transport=httpx.ASGITransport(app))

    def sync(self, **asked: Any) -> SyncOutcome:
        now = next(iter(self.worlds.values())).now
        request = SyncRequest(settings=self.settings(), **{"as_of": now, **asked})
        return run_accounts_sync(
            Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self.open_client
        )

    def authorize(self, order_id: str) -> AnswerOutcome:
        warehouse = Warehouse(self.database)
        request = AnswerRequest(self.settings(), [order_id], Decision(Target.AUTHORIZED), Identity("desk", "example"))
        clients = Clients(self.open_client, self.open_answers, lambda _seconds: None)
        planned = plan(warehouse, request, clients=clients)
        return answer(warehouse, request, planned, lambda: datetime.now(UTC), clients=clients)

    def open_answers(self, api_key: str, *arguments: Any, **options: Any) -> AnswerClient:
        return AnswerClient(api_key, *arguments, **options, transport=httpx.ASGITransport(self.apps[api_key]))

    def verify(self) -> VerifyOutcome:
        request = VerifyRequest(self.settings())
        return run_accounts_verify(
            Warehouse(self.database), request, lambda: datetime.now(UTC), open_client=self.open_client
        )

    def rename(self, old: str, new: str) -> None:
        """Give an account another name in the settings, with another key."""
        self.worlds[new] = self.worlds.pop(old)
        self.apps[key_of(new)] = create_app(self.worlds[new], api_key=key_of(new))

    def ask(self, query: str) -> list[Any]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()
