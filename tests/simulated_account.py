"""A simulated account and the warehouse that follows it: whole syncs in this process, without a socket."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest, run_verify
from portouts.extract.options import Callbacks, Progress, unwatched
from portouts.load.settings.settings import Settings, read_settings
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, create_app
from starlette.applications import Starlette

API_KEY = "KEY_CANARY_3355_NOT_A_SECRET"
BASE_URL = "https://sandbox.test/v2"
Row = dict[str, Any]
# Ported orders that have a range and no event. A sync that continues a first load asks for all ranges.
WITHOUT_EVENT = """
    select distinct portout_id from raw.portout_ported_ranges
    anti join (from raw.portout_events where payload__status = 'ported') using (portout_id)
    order by all
"""


@dataclass
class Account:
    """A world, its API, and one database."""

    world: World
    database: Path
    page_size: int = 250
    settings: dict[str, Any] = field(default_factory=dict)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.world, api_key=API_KEY)

    @property
    def state(self) -> Path:
        """Return the folder of what belongs to the database and is not published."""
        return self.database.parent / ".portouts" / self.database.name

    def checked(self, **settings: Any) -> Settings:
        """Check the settings of this account, and others for this time."""
        return read_settings(API_KEY, BASE_URL, **{"page_size": self.page_size, **self.settings, **settings})

    def sync(
        self, on_progress: Progress = unwatched, settings: Mapping[str, Any] | None = None, **asked: Any
    ) -> SyncOutcome:
        request = SyncRequest(settings=self.checked(**(settings or {})), **{"as_of": self.world.now, **asked})
        callbacks = Callbacks(on_progress)
        return run_sync(Warehouse(self.database), request, lambda: datetime.now(UTC), callbacks, self.open_client)

    def sync_interrupted_after_loading(self) -> None:
        """Fail just after everything was loaded, in the clock that dates the next step."""
        request = SyncRequest(self.world.now, self.checked())
        run_sync(Warehouse(self.database), request, clock_that_breaks(), open_client=self.open_client)

    def verify(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_progress: Progress = unwatched,
        settings: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> VerifyOutcome:
        request = VerifyRequest(self.checked(**(settings or {})), **asked)
        callbacks = Callbacks(on_progress)
        return run_verify(Warehouse(self.database), request, clock, callbacks, open_client=self.open_client)

    def spoil(self, statement: str) -> None:
        """Change the loaded rows without the product."""
        with duckdb.connect(str(self.state / "working.duckdb")) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(statement)

    def copy_to(self, folder: Path, world: World | None = None) -> Account:
        """Copy the warehouse; both follow the same world, or the copy one that was made alike, to be changed."""
        shutil.copytree(self.database.parent, folder, dirs_exist_ok=True)
        return Account(world or self.world, folder / self.database.name, self.page_size, self.settings)

    def open_client(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        return TelnyxClient(api_key, base_url, transport=httpx.ASGITransport(self.app), **given)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Query the published file."""
        return ask(self.database, query)


def clock_that_breaks() -> Callable[[], datetime]:
    """Make a clock that can be read once: when work begins, and not when it ends."""
    ticks = iter([datetime.now(UTC)])

    def clock() -> datetime:
        try:
            return next(ticks)
        except StopIteration:
            raise RuntimeError("the end of the work") from None

    return clock


def ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Query a DuckDB file; instants come as UTC."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()
