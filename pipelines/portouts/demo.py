"""The main job on a simulated account: sync, let 30 days pass, sync again, report. Offline, without a key."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from portouts.sandbox import World, create_app, running
from portouts.settings import Setting
from portouts.source_settings import ARGUMENT, check_settings
from portouts.sql_files import sql_folder
from portouts.sync_job import CHUNK_ROWS, SyncOutcome, SyncRequest, run_sync
from portouts.sync_options import Progress
from portouts.telnyx_source import Supervision
from portouts.warehouse import Warehouse

BEGINS = datetime(2026, 5, 16, 9, tzinfo=UTC)
DAYS_BETWEEN = 30
API_KEY = "KEY_DEMO_NOT_A_SECRET"


@dataclass(frozen=True)
class Answer:
    """One question of `sql/reports`, answered from the published file."""

    question: str
    columns: list[str]
    rows: list[tuple[object, ...]]


@dataclass(frozen=True)
class DemoOutcome:
    """Both syncs, and how many orders of the published file differ from what the simulated API shows."""

    syncs: list[SyncOutcome]
    orders: int
    differences: int


def run_demo(
    database: Path, orders: int, seed: int, clock: Callable[[], datetime], progress: Callable[[str], Progress]
) -> DemoOutcome:
    """Sync a simulated account twice into `database`; `progress` gives the bar for a step named by its argument."""
    world = World(orders=orders, seed=seed, now=BEGINS)
    warehouse = Warehouse(database)
    with running(create_app(world, api_key=API_KEY)) as base_url:
        syncs = [_sync(warehouse, world, base_url, clock, progress("First load"))]
        world.advance(timedelta(days=DAYS_BETWEEN))
        syncs.append(_sync(warehouse, world, base_url, clock, progress(f"{DAYS_BETWEEN} days later")))
    with duckdb.connect(str(database), read_only=True) as connection:
        held = dict(connection.execute("select portout_id, status from marts.fct_portouts").fetchall())
    shown = {order["id"]: order["status"] for order in world.orders()}
    return DemoOutcome(syncs, len(held), len(held.items() ^ shown.items()))


def _sync(
    warehouse: Warehouse, world: World, base_url: str, clock: Callable[[], datetime], on_progress: Progress
) -> SyncOutcome:
    given = {"api_key": API_KEY, "base_url": base_url}  # nothing else, whatever stands in the environment and in .dlt
    settings = check_settings({name: Setting(value, ARGUMENT) for name, value in given.items()})
    request = SyncRequest(world.now, settings)
    return run_sync(warehouse, request, clock, Supervision(on_progress=on_progress, chunk_rows=CHUNK_ROWS))


def clear_demo(database: Path) -> None:
    """Remove an earlier demo's published file and working state."""
    database.unlink(missing_ok=True)
    shutil.rmtree(database.parent / ".portouts" / database.name, ignore_errors=True)


def read_answers(database: Path) -> list[Answer]:
    """Ask every question of `sql/reports`; the first line of each file is the question."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return [_ask(connection, path) for path in sorted((sql_folder() / "reports").glob("*.sql"))]


def _ask(connection: duckdb.DuckDBPyConnection, path: Path) -> Answer:
    text = path.read_text(encoding="utf-8")
    result = connection.execute(text)
    columns = [column[0] for column in result.description or ()]
    return Answer(text.splitlines()[0].removeprefix("-- "), columns, result.fetchall())
