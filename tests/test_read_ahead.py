"""A sync that reads the next chunk while it loads one: the same rows for the same requests, and nothing left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import dlt
import httpx
import pytest
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.errors import Interrupted
from portouts.extract.options import SyncReport
from portouts.extract.prefetch import ReadAhead, Reading
from portouts.extract.run import SyncRun
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.source import Supervision
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.errors import KeyRejected
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import UNTOLD, Account, ask

ORDERS, PAGE_SIZE, CHUNK_ROWS, CHUNKS = 60, 5, 60, 3
PATIENCE = 30  # seconds, for what would otherwise never come
TABLES = ["portouts", "portout_phone_numbers", "portout_events", "portout_observations", "portout_ported_ranges"]
HELD = {table: f"from raw.{table} order by all" for table in TABLES}
# What must not depend on how many syncs it took.
HELD_ANYWAY = {
    **HELD,
    "portout_observations": "select portout_id, status, updated_at from raw.portout_observations order by all",
    "portout_ported_ranges": UNTOLD,
}
COVERED = {"covered_ranges": "from raw.covered_ranges order by all"}


begin, read_chunk = ReadAhead._begin, SyncRun.read_chunk


def begin_and_wait(self: ReadAhead, state: Any) -> Future[Reading]:
    """Read faster than anybody can load: a chunk begun is read before its beginner goes on."""
    future = begin(self, state)
    wait([future], PATIENCE)
    return future


@pytest.fixture(params=["whenever", "at once"])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read ahead as it happens, and at the worst possible instant."""
    if request.param == "at once":
        monkeypatch.setattr(ReadAhead, "_begin", begin_and_wait)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadAhead, "_begin", begin_and_wait)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """After success, failure and stop."""
    before = {*threading.enumerate()}
    yield
    assert {*threading.enumerate()} - before == set()


@dataclass
class Syncs:
    """Syncs of one account in chunks; `before_request` may meddle with what is asked since a chunk was begun."""

    account: Account
    look_ahead: bool = True
    chunk_rows: int | None = CHUNK_ROWS
    is_stopping: Callable[[], bool] = lambda: False
    before_request: Callable[[int], Any] | None = None
    ending: ExitStack = field(default_factory=ExitStack)
    chunks: int = 0
    """Begun to be read in the last sync."""
    conversations: int = 0
    report: SyncReport = field(default_factory=SyncReport)

    def sync(self) -> SyncOutcome:
        self.chunks, self.conversations, self.report = 0, 0, SyncReport()
        supervision = Supervision(
            sync_id=f"as of {self.account.world.now}",
            report=self.report,
            is_stopping=self.is_stopping,
            chunk_rows=self.chunk_rows,
            look_ahead=self.look_ahead,
            open_client=self.open_client,
            ending=self.ending,
        )
        request = SyncRequest(self.account.world.now, self.account.checked())
        with pytest.MonkeyPatch.context() as counting:
            counting.setattr(SyncRun, "read_chunk", self.counted(SyncRun.read_chunk))
            return run_sync(Warehouse(self.account.database), request, lambda: datetime.now(UTC), supervision)

    def counted(self, read_chunk: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            self.chunks += 1
            assert self.chunks <= 10, "reading does not come to an end"
            return read_chunk(*arguments, **named)

        return counting

    def open_client(self, api_key: str, base_url: str, max_concurrency: int) -> TelnyxClient:
        self.conversations += 1
        transport = Meddling(httpx.ASGITransport(self.account.app), self)
        return TelnyxClient(api_key, base_url, max_concurrency=max_concurrency, transport=transport)

    def held(self, queries: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.account.ask(query) for name, query in queries.items()}

    def committed(self) -> dict[str, Any]:
        """What the chunks loaded so far have left: their rows, and the state that came with them."""
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
        answer = self.syncs.before_request(self.syncs.chunks) if self.syncs.before_request else None
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
    return new_syncs(tmp_path / "one-by-one", look_ahead=False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    syncs = new_syncs(tmp_path_factory.mktemp("undisturbed"), look_ahead=False)
    syncs.sync()
    return syncs.held(HELD_ANYWAY | COVERED)


def after_load(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], None]) -> None:
    """Do something once so many chunks have been loaded, before the next is asked for."""
    load, loads = RawPipeline.load, iter(range(1, 100))

    def loading(*arguments: Any) -> None:
        load(*arguments)
        if next(loads) == number:
            act()

    monkeypatch.setattr(RawPipeline, "load", loading)


# While nothing goes wrong


@pytest.mark.usefixtures("pace")
def test_looking_ahead_changes_no_row_no_covered_range_and_no_request(syncs: Syncs, one_by_one: Syncs) -> None:
    outcomes = []
    for each in (syncs, one_by_one):
        world = each.account.world
        first = each.sync().report
        assert (each.chunks, each.conversations) == (CHUNKS, 2)  # the comparison of counts is the second
        world.advance(timedelta(days=9))
        world.add_order(inserted_at=world.now)
        second = each.sync().report
        asked = sorted(each.account.app.state.requests)
        assert first.requests + second.requests == len(asked)
        outcomes.append(([(r.requests, r.orders_read, r.events_read) for r in (first, second)], asked))
    assert outcomes[0] == outcomes[1]
    assert syncs.held(HELD | COVERED) == one_by_one.held(HELD | COVERED)
    assert len(syncs.held(HELD)["portouts"]) > ORDERS


def test_the_next_chunk_is_read_while_one_is_loaded_and_the_one_after_it_is_not(
    syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_read_two = threading.Event()

    async def reading(*arguments: Any, **named: Any) -> Any:
        tables = await read_chunk(*arguments, **named)
        if syncs.chunks == 2:
            has_read_two.set()
        return tables

    def look() -> None:
        assert has_read_two.wait(PATIENCE)
        assert (syncs.chunks, syncs.report.is_read_ahead, syncs.report.is_done) == (2, True, False)

    monkeypatch.setattr(SyncRun, "read_chunk", reading)
    after_load(monkeypatch, 1, look)
    syncs.sync()
    assert syncs.chunks == CHUNKS


class NeverLeft(ExitStack):
    """What a script has that knows nothing of endings."""

    def __exit__(self, *_: object) -> None:
        self.pop_all()


@pytest.mark.parametrize("chunk_rows", [None, CHUNK_ROWS])
def test_a_sync_that_is_done_or_has_failed_has_ended_though_nobody_ends_it(
    chunk_rows: int | None, tmp_path: Path
) -> None:
    syncs = new_syncs(tmp_path, chunk_rows=chunk_rows, ending=NeverLeft())
    syncs.sync()
    syncs.before_request = lambda _chunk: httpx.Response(401)
    with pytest.raises(KeyRejected):
        syncs.sync()


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
def test_what_fails_ahead_is_raised_when_it_is_asked_for_and_the_chunk_before_it_stays(
    syncs: Syncs, one_by_one: Syncs, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    messages = []
    for each in (syncs, one_by_one):
        each.before_request = lambda chunk: httpx.Response(401) if chunk == 2 else None
        with pytest.raises(KeyRejected) as failure:
            each.sync()
        messages.append(str(failure.value).partition("?")[0])
        each.before_request = None
        assert (each.chunks, each.account.database.exists()) == (2, False)
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
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            broken_off.append(error)
            raise

    def end() -> NoReturn:
        assert is_asked.wait(PATIENCE)
        raise error

    begun: list[Future[Reading]] = []

    def begin_and_end(self: ReadAhead, state: Any) -> Future[Reading]:
        begun.append(begin(self, state))
        return begun[-1] if len(begun) == 1 else end()

    syncs.before_request = lambda chunk: never() if chunk == 2 else None
    if is_loading:
        after_load(monkeypatch, 1, end)
    else:
        monkeypatch.setattr(ReadAhead, "_begin", begin_and_end)
    with pytest.raises(error):
        syncs.sync()
    assert broken_off
    assert syncs.chunks == 2


@pytest.mark.usefixtures("at_once")
def test_a_sync_asked_to_stop_loads_what_it_has_read_ahead_and_begins_no_more(
    syncs: Syncs, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    asked_of_two: list[int] = []
    syncs.before_request = lambda chunk: asked_of_two.append(chunk) if chunk == 2 else None
    syncs.is_stopping = lambda: len(asked_of_two) >= 3
    with pytest.raises(Interrupted):
        syncs.sync()
    assert (syncs.chunks, syncs.account.database.exists()) == (2, False)
    committed = syncs.committed()
    loaded = len(committed["portouts"]), len(committed["portout_events"])
    assert loaded == (syncs.report.orders_read, syncs.report.events_read)
    syncs.before_request, syncs.is_stopping = None, lambda: False
    syncs.sync()
    assert syncs.held(HELD_ANYWAY | COVERED) == undisturbed


@pytest.mark.usefixtures("at_once")
def test_a_sync_asked_to_stop_when_its_last_chunk_has_been_read_ahead_is_done(
    syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_read_all = threading.Event()

    async def reading(run: SyncRun, *arguments: Any, **named: Any) -> Any:
        tables = await read_chunk(run, *arguments, **named)
        if run.is_done:
            has_read_all.set()
        return tables

    monkeypatch.setattr(SyncRun, "read_chunk", reading)
    syncs.is_stopping = has_read_all.is_set
    assert syncs.sync().is_proven
    assert syncs.account.ask("select count(*) from marts.fct_portouts") == [(ORDERS,)]
