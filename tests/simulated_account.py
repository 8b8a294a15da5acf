"""A simulated account and the warehouse that follows it: whole syncs in this process, without a socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
from portouts.sandbox import World, create_app
from portouts.sync_job import SyncOutcome, SyncRequest, run_sync
from portouts.sync_run import Progress, unwatched
from portouts.telnyx_api import TelnyxClient
from portouts.telnyx_source import Supervision
from portouts.warehouse import Warehouse
from starlette.applications import Starlette

API_KEY = "KEY_CANARY_3355_NOT_A_SECRET"
BASE_URL = "http://sandbox.test/v2"
Row = dict[str, Any]


@dataclass
class Account:
    """A world, its API, and one database."""

    world: World
    database: Path
    page_size: int = 250
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.world, api_key=API_KEY)

    @property
    def state(self) -> Path:
        """Name the folder of everything that belongs to the database and is not published."""
        return self.database.parent / ".portouts" / self.database.name

    def sync(self, on_progress: Progress = unwatched) -> SyncOutcome:
        request = SyncRequest(
            self.world.now, api_key=API_KEY, base_url=BASE_URL, settings={"page_size": self.page_size}
        )
        supervision = Supervision(on_progress=on_progress, open_client=self.open_client)
        return run_sync(Warehouse(self.database), request, lambda: datetime.now(UTC), supervision)

    def open_client(self, api_key: str, base_url: str, max_concurrency: int) -> TelnyxClient:
        transport = httpx.ASGITransport(self.app)
        return TelnyxClient(api_key, base_url, max_concurrency=max_concurrency, transport=transport)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Query the published file."""
        return ask(self.database, query)


def ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Query a DuckDB file; instants come as UTC."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()
