"""The whole job on a simulated account: sync, let 30 days pass, sync again, answer questions. Offline; needs no key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from portouts_sandbox import World, create_app, running, showcase

from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.commands.terminal.demo_files import DemoFiles
from portouts.extract.options import Callbacks, Progress
from portouts.load.settings.files import Setting
from portouts.load.settings.settings import Settings, check_settings
from portouts.load.settings.values import ARGUMENT
from portouts.warehouse.sql import sql_folder
from portouts.warehouse.warehouse import Warehouse

DAYS_BETWEEN = 30
ENDS = datetime(2026, 6, 17, 14, tzinfo=UTC)  # a Wednesday morning in America, with orders of three business days
BEGINS = ENDS - timedelta(days=DAYS_BETWEEN)
API_KEY = "KEY_DEMO_NOT_A_SECRET"

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Answer:
    """One question of `sql/reports`, answered from the published file."""

    question: str
    columns: list[str]
    rows: list[tuple[object, ...]]


@dataclass(frozen=True)
class DemoOutcome:
    """Both syncs, the answers, and how many published orders differ from those of the simulated API."""

    database: Path
    syncs: list[SyncOutcome]
    orders: int
    differences: int
    answers: list[Answer]


@dataclass(frozen=True)
class DemoPage:
    """The report of a demo, or what to install for it."""

    path: Path | None
    advice: str = ""


def run_demo(database: Path, orders: int, seed: int, clock: Clock, add_bar: Callable[[str], Progress]) -> DemoOutcome:
    """Sync a simulated account twice into `database`, in place of an earlier demo; `add_bar` shows a named step."""
    DemoFiles(database).clear()
    world = World(orders=orders, seed=seed, now=BEGINS, account=showcase(ENDS))
    syncs = sync_twice(database, world, clock, add_bar)
    statuses = published_statuses(database)
    differences = count_differences(statuses, world)
    return DemoOutcome(database, syncs, len(statuses), differences, read_answers(database))


def write_page(database: Path) -> DemoPage:
    """Write the report of a demo beside its database."""
    from portouts.report.page.build import build_report  # slow to import

    return DemoPage(build_report(database, DemoFiles(database).page).output)


def sync_twice(database: Path, world: World, clock: Clock, add_bar: Callable[[str], Progress]) -> list[SyncOutcome]:
    """Sync the world over a loopback socket, move its clock on, and sync it again."""
    warehouse = Warehouse(database)
    with running(create_app(world, api_key=API_KEY)) as base_url:
        settings = demo_settings(base_url)
        first = _sync(warehouse, SyncRequest(world.now, settings), clock, add_bar("First load"))
        world.advance(timedelta(days=DAYS_BETWEEN))
        second = _sync(warehouse, SyncRequest(world.now, settings), clock, add_bar(f"{DAYS_BETWEEN} days later"))
    return [first, second]


def demo_settings(base_url: str) -> Settings:
    """Return the settings of the demo, whatever the environment and `.dlt` contain: all defaults, and the inventory."""
    given = {"api_key": API_KEY, "base_url": base_url, "inventory": True}
    return check_settings({name: Setting(value, ARGUMENT) for name, value in given.items()})


def _sync(warehouse: Warehouse, request: SyncRequest, clock: Clock, on_progress: Progress) -> SyncOutcome:
    return run_sync(warehouse, request, clock, Callbacks(on_progress))


def published_statuses(database: Path) -> dict[str, str]:
    """Return the status of every published order by its id."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(connection.execute("select portout_id, status from marts.fct_portouts").fetchall())


def count_differences(statuses: dict[str, str], world: World) -> int:
    """Count the orders of which these statuses and those of the world differ."""
    shown = {order["id"]: order["status"] for order in world.orders()}
    return len({portout_id for portout_id, _ in statuses.items() ^ shown.items()})


def read_answers(database: Path) -> list[Answer]:
    """Answer every question of `sql/reports`; the first line of each file is the question."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return [_answer(connection, path) for path in sorted((sql_folder() / "reports").glob("*.sql"))]


def _answer(connection: duckdb.DuckDBPyConnection, path: Path) -> Answer:
    text = path.read_text(encoding="utf-8")
    result = connection.execute(text)
    columns = [column[0] for column in result.description or ()]
    return Answer(text.splitlines()[0].removeprefix("-- "), columns, result.fetchall())
