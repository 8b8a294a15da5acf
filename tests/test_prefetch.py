"""A sync that reads the next package while it loads one: the same rows for the same requests, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import dlt
import httpx
import pytest
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.errors import Interrupted
from portouts.extract.intake import LoadPackage
from portouts.extract.options import Callbacks, SyncReport
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.prefetch import PackageReader, Prefetch
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.errors import KeyRejected
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import WITHOUT_EVENT, Account, ask

pytestmark = pytest.mark.slow  # a whole sync a test

ORDERS, PAGE_SIZE, BATCH_ROWS, PACKAGES = 60, 5, 60, 3
TIMEOUT = 30  # seconds, for what would otherwise never come
TABLES = ["portouts", "portout_phone_numbers", "portout_events", "portout_observations", "portout_ported_ranges"]
HELD = {table: f"from raw.{table} order by all" for table in TABLES}
# What must not depend on how many syncs it took.
HELD_ANYWAY = {
    **HELD,
    "portout_observations": "select portout_id, status, updated_at from raw.portout_observations order by all",
    "portout_ported_ranges": WITHOUT_EVENT,
}
COVERED = {"covered_ranges": "from raw.covered_ranges order by all"}


begin, read_package = Prefetch._begin, PackageReader.read


def begin_and_wait(self: Prefetch) -> Future[LoadPackage | None]:
    """Read faster than anybody can load: a package is read before its beginner goes on."""
    future = begin(self)
    wait([future], TIMEOUT)
    return future


@pytest.fixture(params=["whenever", "at once"])
def reading_speed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read ahead as it happens, and at the worst possible instant."""
    if request.param == "at once":
        monkeypatch.setattr(Prefetch, "_begin", begin_and_wait)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prefetch, "_begin", begin_and_wait)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """After success, failure and stop."""
    before = {*threading.enumerate()}
    yield
    assert {*threading.enumerate()} - before == set()


@dataclass
class Syncs:
    """Syncs of one account in batches; `before_request` may meddle with the requests of a package."""

    account: Account
    is_ahead: bool = True
    batch_rows: int | None = BATCH_ROWS
    is_stopping: Callable[[], bool] = lambda: False
    before_request: Callable[[int], Any] | None = None
    begun: int = 0
    """Packages that the last sync began to read, and the end after the last one."""
    clients: int = 0
    done: SyncReport = field(default_factory=SyncReport)
    """What had been read when the last sync ended, however it ended."""

    def sync(self) -> SyncOutcome:
        self.begun = self.clients = 0
        request = SyncRequest(
            self.account.world.now,
            self.account.checked(),
            sync_id=f"as of {self.account.world.now}",
            batch_rows=self.batch_rows,
            prefetch=self.is_ahead,
        )
        callbacks = Callbacks(is_stopping=self.is_stopping)
        with pytest.MonkeyPatch.context() as counting:
            counting.setattr(PackageReader, "read", self.counted(PackageReader.read))
            return run_sync(
                Warehouse(self.account.database), request, lambda: datetime.now(UTC), callbacks, self.open_client
            )

    def counted(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def counting(reader: PackageReader) -> Any:
            self.begun, self.done = self.begun + 1, reader._run.report
            assert self.begun <= 10, "reading does not come to an end"
            return read(reader)

        return counting

    def open_client(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        self.clients += 1
        transport = Meddling(httpx.ASGITransport(self.account.app), self)
        return TelnyxClient(api_key, base_url, transport=transport, **given)

    def held(self, queries: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.account.ask(query) for name, query in queries.items()}

    def committed(self) -> dict[str, Any]:
        """What the packages loaded so far have left: their rows, and the state that came with them."""
        working = self.account.state / "working.duckdb"
        rows = {table: ask(working, query) for table, query in HELD.items()}
        warehouse = Warehouse(self.account.database)
        with warehouse.locked(), raw_pipeline(warehouse) as raw:
            return {**rows, "state": raw.state().to_json()}


@dataclass
class Meddling(httpx.AsyncBaseTransport):
    """The account's API, but for what is done before a request."""

    api: httpx.ASGITransport
    syncs: Syncs

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.syncs.before_request(self.syncs.begun) if self.syncs.before_request else None
        if asyncio.iscoroutine(answer):
            await answer
        return answer if isinstance(answer, httpx.Response) else await self.api.handle_async_request(request)


def new_syncs(folder: Path, **how: Any) -> Syncs:
    return Syncs(Account(World(ORDERS, seed=3), folder / "portouts.duckdb", PAGE_SIZE), **how)


@pytest.fixture
def syncs(tmp_path: Path) -> Syncs:
    return new_syncs(tmp_path)


@pytest.fixture
def one_by_one(tmp_path: Path) -> Syncs:
    """The same account, read and loaded in turn."""
    return new_syncs(tmp_path / "one-by-one", is_ahead=False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    syncs = new_syncs(tmp_path_factory.mktemp("undisturbed"), is_ahead=False)
    syncs.sync()
    return syncs.held(HELD_ANYWAY | COVERED)


def after_load(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], None]) -> None:
    """Do something once so many packages have been loaded, before the next is asked for."""
    load, loads = RawPipeline.load, iter(range(1, 100))

    def loading(*arguments: Any) -> None:
        load(*arguments)
        if next(loads) == number:
            act()

    monkeypatch.setattr(RawPipeline, "load", loading)


# While nothing goes wrong


@pytest.mark.usefixtures("reading_speed")
def test_looking_ahead_changes_no_row_no_covered_range_and_no_request(syncs: Syncs, one_by_one: Syncs) -> None:
    outcomes = []
    for each in (syncs, one_by_one):
        world = each.account.world
        first = each.sync().report
        assert (each.begun, each.clients) == (PACKAGES + 1, 2)  # the comparison of counts has the second client
        world.advance(timedelta(days=9))
        world.add_order(inserted_at=world.now)
        second = each.sync().report
        asked = sorted(each.account.app.state.requests)
        assert first.requests + second.requests == len(asked)
        outcomes.append(([(r.requests, r.orders_read, r.events_read) for r in (first, second)], asked))
    assert outcomes[0] == outcomes[1]
    assert syncs.held(HELD | COVERED) == one_by_one.held(HELD | COVERED)
    assert len(syncs.held(HELD)["portouts"]) > ORDERS


def test_the_next_package_is_read_while_one_is_loaded_and_the_one_after_it_is_not(
    syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_read_two = threading.Event()

    async def reading(reader: PackageReader) -> Any:
        package = await read_package(reader)
        if syncs.begun == 2:
            has_read_two.set()
        return package

    def look() -> None:
        assert has_read_two.wait(TIMEOUT)
        assert syncs.begun == 2

    monkeypatch.setattr(PackageReader, "read", reading)
    after_load(monkeypatch, 1, look)
    syncs.sync()
    assert syncs.begun == PACKAGES + 1


def test_no_package_is_held_in_memory_while_it_is_loaded(syncs: Syncs, monkeypatch: pytest.MonkeyPatch) -> None:
    """dlt has written it to disk by then, and the next one is being read."""
    take, load, taken = Prefetch.take, dlt.Pipeline.load, list[weakref.ref[Any]]()

    def taking(self: Prefetch) -> LoadPackage:
        package = take(self)
        taken.append(weakref.ref(package.tables["portout_events"]))
        return package

    def loading(*arguments: Any, **named: Any) -> Any:
        gc.collect()
        assert [held for held in taken if held() is not None] == []
        return load(*arguments, **named)

    monkeypatch.setattr(Prefetch, "take", taking)
    monkeypatch.setattr(dlt.Pipeline, "load", loading)
    syncs.sync()
    assert len(taken) == PACKAGES


# When something does


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("step", ["extract", "load"])
def test_a_load_that_fails_commits_nothing_of_what_was_read_ahead_and_the_next_sync_ends_right(
    step: str,
    syncs: Syncs,
    one_by_one: Syncs,
    undisturbed: dict[str, list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for each in (syncs, one_by_one):
        with monkeypatch.context() as failing:
            work, calls = getattr(dlt.Pipeline, step), iter(range(1, 100))

            def fail(*arguments: Any, work: Any = work, calls: Any = calls, **named: Any) -> Any:
                if next(calls) == 2:
                    raise RuntimeError("the disk is full")
                return work(*arguments, **named)

            failing.setattr(dlt.Pipeline, step, fail)
            with pytest.raises(RuntimeError, match="the disk is full"):
                each.sync()
        assert not each.account.database.exists()
    assert syncs.committed() == one_by_one.committed()
    syncs.sync()
    assert syncs.held(HELD_ANYWAY | COVERED) == undisturbed


@pytest.mark.usefixtures("at_once")
def test_what_fails_ahead_is_raised_when_it_is_asked_for_and_the_package_before_it_stays(
    syncs: Syncs, one_by_one: Syncs, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    messages = []
    for each in (syncs, one_by_one):
        each.before_request = lambda package: httpx.Response(401) if package == 2 else None
        with pytest.raises(KeyRejected) as failure:
            each.sync()
        messages.append(str(failure.value).partition("?")[0])
        each.before_request = None
        assert (each.begun, each.account.database.exists()) == (2, False)
    assert messages[0] == messages[1]
    committed = syncs.committed()
    assert committed == one_by_one.committed()
    assert committed["portout_events"] != []
    syncs.sync()
    assert syncs.held(HELD_ANYWAY | COVERED) == undisturbed


@pytest.mark.parametrize(
    ("error", "is_loading"), [(KeyboardInterrupt, False), (KeyboardInterrupt, True), (RuntimeError, True)]
)
def test_what_ends_a_sync_breaks_off_the_read_ahead_even_if_the_api_never_answers(
    error: type[BaseException], is_loading: bool, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_asked, broken_off = threading.Event(), []

    async def never() -> None:
        is_asked.set()
        try:
            await asyncio.sleep(TIMEOUT)
        except asyncio.CancelledError:
            broken_off.append(error)
            raise

    def end() -> NoReturn:
        assert is_asked.wait(TIMEOUT)
        raise error

    begun: list[Future[LoadPackage | None]] = []

    def begin_and_end(self: Prefetch) -> Future[LoadPackage | None]:
        begun.append(begin(self))
        return begun[-1] if len(begun) == 1 else end()

    syncs.before_request = lambda package: never() if package == 2 else None
    if is_loading:
        after_load(monkeypatch, 1, end)
    else:
        monkeypatch.setattr(Prefetch, "_begin", begin_and_end)
    with pytest.raises(error):
        syncs.sync()
    assert broken_off
    assert syncs.begun == 2


@pytest.mark.usefixtures("at_once")
def test_a_sync_asked_to_stop_loads_what_it_has_read_ahead_and_begins_no_more(
    syncs: Syncs, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    asked_of_two: list[int] = []
    syncs.before_request = lambda package: asked_of_two.append(package) if package == 2 else None
    syncs.is_stopping = lambda: len(asked_of_two) >= 3
    with pytest.raises(Interrupted):
        syncs.sync()
    assert (syncs.begun, syncs.account.database.exists()) == (3, False)  # the third is where it is interrupted
    committed = syncs.committed()
    loaded = len(committed["portouts"]), len(committed["portout_events"])
    assert loaded == (syncs.done.orders_read, syncs.done.events_read)
    syncs.before_request, syncs.is_stopping = None, lambda: False
    syncs.sync()
    assert syncs.held(HELD_ANYWAY | COVERED) == undisturbed


@pytest.mark.usefixtures("at_once")
def test_a_sync_asked_to_stop_when_its_last_package_has_been_read_ahead_is_done(
    syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_read_all = threading.Event()

    async def reading(reader: PackageReader) -> Any:
        package = await read_package(reader)
        if package is None:
            has_read_all.set()
        return package

    monkeypatch.setattr(PackageReader, "read", reading)
    syncs.is_stopping = has_read_all.is_set
    assert syncs.sync().is_proven
    assert syncs.account.ask("select count(*) from marts.fct_portouts") == [(ORDERS,)]
