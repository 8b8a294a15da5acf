"""A sync that is killed at any instant, or asked to stop, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import crash_process
import duckdb
import pytest
from crash_process import Crash
from portouts_sandbox import World, create_app, running
from simulated_account import API_KEY, WITHOUT_EVENT, ask

pytestmark = pytest.mark.slow  # processes by the dozen

Rows = list[tuple[Any, ...]]
ORDERS, SEED = 300, 20
CHAINS, KILLS = 2, 6  # databases, and how often each is killed before a sync may end
BATCH_ROWS = 350
ALL_HISTORY = "2009-01-01"
RECENT = timedelta(days=60)  # what is already published when the kills of the first database begin
# Crashes at the steps where a load has done something and not yet recorded it, or recorded it and not yet done it.
PACKAGES, LOADS = "dlt.common.storages.load_package:PackageStorage", "dlt.load.load:Load"
CRASHES = [
    Crash("dlt.common.storages.load_storage:LoadStorage.commit_new_load_package", call=2, is_after=True),
    Crash(f"{PACKAGES}.save_pending_transition", call=3),
    Crash(f"{PACKAGES}.save_pending_transition", call=1),
    Crash(f"{PACKAGES}.save_pending_transition", call=2),
    Crash(f"{PACKAGES}.save_pending_transition", call=4, is_after=True),
    Crash(f"{PACKAGES}.save_pending_transition", call=5),
    Crash(f"{PACKAGES}.complete_job", call=2),
    Crash(f"{PACKAGES}.complete_job", call=9, is_after=True),
    Crash(f"{LOADS}.create_followup_jobs", call=3, is_after=True),
    Crash(f"{LOADS}.complete_package", call=1),
    Crash(f"{PACKAGES}.save_pending_transition", call=8),
]
# Crashes of a sync whose warehouse has models: between the queue and the load, and from table to table of a load.
CRASHES_WITH_MODELS = [
    Crash("portouts.load.pipeline:RawPipeline.load", call=1),
    *(Crash(f"{PACKAGES}.complete_job", call=job, is_after=True) for job in (2, 3, 4, 5, 6, 7)),
    Crash(f"{LOADS}.complete_package", call=1),
    Crash(f"{LOADS}.complete_package", call=1, is_after=True),
]
TABLES = {
    "portouts": "id",
    "portout_phone_numbers": "portout_id",
    "portout_events": "portout_id",
    "portout_observations": "portout_id",
    "portout_ported_ranges": "portout_id",
}
# What must not depend on how often a sync was interrupted.
SAME_ANYWAY = {
    "orders": "from raw.portouts order by all",
    "numbers": "from raw.portout_phone_numbers order by all",
    "events": "from raw.portout_events order by all",
    "observations": "select portout_id, status, updated_at from raw.portout_observations order by all",
    "ported orders": WITHOUT_EVENT,
    "covered": "from raw.covered_ranges order by all",
    "fct_portouts": "from marts.fct_portouts where ported_at_source is distinct from 'range' order by all",
    "agg_portouts": "from marts.agg_portouts order by all",
}


class Killed(NamedTuple):
    """One database after all its kills and a sync that was not killed."""

    database: Path
    exit_codes: list[int | None]
    orders_published: list[int]
    """Before the first kill, and after each one: 0 where there was no published file."""
    last_exit_code: int | None
    last_output: str


class Sandbox(NamedTuple):
    world: World
    base_url: str
    requests: list[str]

    def start(
        self,
        database: Path,
        since: str = ALL_HISTORY,
        batch_rows: int = BATCH_ROWS,
        crash: Crash | None = None,
        **environment: str,
    ) -> BaseProcess:
        return crash_process.start(
            "sync",
            "--json",
            "--since",
            since,
            "--as-of",
            self.world.now.isoformat(),
            "--database",
            str(database),
            output=database.with_suffix(".out"),
            batch_rows=batch_rows,
            crash=crash,
            TELNYX_API_KEY=API_KEY,
            TELNYX_BASE_URL=self.base_url,
            **environment,
        )


def output_of(database: Path) -> str:
    return database.with_suffix(".out").read_text()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    world = World(ORDERS, seed=SEED)
    app = create_app(world, api_key=API_KEY)
    with running(app) as base_url:
        yield Sandbox(world, base_url, app.state.requests)


@pytest.fixture(scope="module")
def uninterrupted(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Sync without a kill; return the published file and how many seconds that took."""
    database = tmp_path_factory.mktemp("uninterrupted") / "portouts.duckdb"
    crash_process.start(
        "--help", output=database.with_suffix(".out")
    ).join()  # the first start takes seconds of its own
    began = time.monotonic()
    process = sandbox.start(database)
    process.join()
    assert process.exitcode == 0, output_of(database)
    return database, time.monotonic() - began


@pytest.fixture(scope="module")
def killed(
    sandbox: Sandbox, uninterrupted: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory
) -> list[Killed]:
    """Kill syncs at instants spread over their whole duration, and at each of CRASHES; then sync each database.

    The first database has recent orders published before; the kills interrupt the sync that extends it backwards.
    """
    rng, (_, seconds) = Random(SEED), uninterrupted
    instants = [seconds * (number + rng.random()) / (CHAINS * KILLS) for number in range(CHAINS * KILLS)]
    rng.shuffle(instants)
    instants.sort(key=lambda instant: instant > seconds / 2)  # the early half first
    chains: list[Sequence[float | Crash]] = [*(instants[chain::CHAINS] for chain in range(CHAINS)), CRASHES]

    def kill_and_sync(chain: Sequence[float | Crash]) -> Killed:
        database = tmp_path_factory.mktemp("killed") / "portouts.duckdb"
        if chain is chains[0]:
            sandbox.start(database, (sandbox.world.now - RECENT).date().isoformat()).join()
        exit_codes, published = [], [count_published(database)]
        for end in chain:
            exit_codes.append(sync_until(end, sandbox, database))
            published.append(count_published(database))
        process = sandbox.start(database)
        process.join()
        return Killed(database, exit_codes, published, process.exitcode, output_of(database))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(kill_and_sync, chains))


def count_published(database: Path) -> int:
    return int(ask(database, "select count(*) from marts.fct_portouts")[0][0]) if database.exists() else 0


def sync_until(end: float | Crash, sandbox: Sandbox, database: Path, batch_rows: int = BATCH_ROWS) -> int | None:
    """Kill a sync after so many seconds, or at a step; return its exit code."""
    if isinstance(end, Crash):
        process = sandbox.start(database, batch_rows=batch_rows, crash=end)
    else:
        process = sandbox.start(database)
        process.join(timeout=end)
        process.kill()
    process.join()
    return process.exitcode


class Queue(NamedTuple):
    """The orders whose rows in the working file are not those of the published one, and the orders that are queued."""

    changed: set[str]
    queued: set[str]
    tables: set[str]
    """The tables in which rows differ."""


class KilledWithModels(NamedTuple):
    """A database whose models were built before its kills."""

    database: Path
    recent: int
    """The orders that were published before."""
    exit_codes: list[int | None]
    queues: list[Queue]
    """After each kill."""
    last_exit_code: int | None


@pytest.fixture(scope="module")
def killed_with_models(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> KilledWithModels:
    database = tmp_path_factory.mktemp("killed-with-models") / "portouts.duckdb"
    sandbox.start(database, (sandbox.world.now - RECENT).date().isoformat()).join()
    recent, exit_codes, queues = count_published(database), list[int | None](), list[Queue]()
    for crash in CRASHES_WITH_MODELS:
        exit_codes.append(sync_until(crash, sandbox, database, batch_rows=100))
        queues.append(queue_of(database))
    process = sandbox.start(database)
    process.join()
    return KilledWithModels(database, recent, exit_codes, queues, process.exitcode)


def queue_of(database: Path) -> Queue:
    changed, tables = set[str](), set[str]()
    with duckdb.connect() as connection:
        working = database.parent / ".portouts" / database.name / "working.duckdb"
        for path, name in ((working, "working"), (database, "published")):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        for table, column in TABLES.items():
            before, after = f"from published.raw.{table}", f"from working.raw.{table}"
            different = f"(({before} except {after}) union all ({after} except {before}))"
            if ids := {id_ for (id_,) in connection.execute(f"select {column} from {different}").fetchall()}:
                tables.add(table)
                changed |= ids
        queued = {id_ for (id_,) in connection.execute("from working.raw.changed_orders").fetchall()}
    return Queue(changed, queued, tables)


def test_every_order_that_a_killed_load_changed_is_queued(killed_with_models: KilledWithModels) -> None:
    """And nothing has changed yet when the orders are queued."""
    assert killed_with_models.exit_codes == [-signal.SIGKILL] * len(CRASHES_WITH_MODELS)
    first, *others = killed_with_models.queues
    assert (first.changed, len(first.queued) > 0) == (set(), True)
    assert [queue.changed - queue.queued for queue in others] == [set()] * len(others)
    assert any(0 < len(queue.tables) < len(TABLES) for queue in others)


def test_after_kills_with_models_the_rows_equal_those_of_an_uninterrupted_sync(
    killed_with_models: KilledWithModels, uninterrupted: tuple[Path, float]
) -> None:
    assert killed_with_models.last_exit_code == 0, output_of(killed_with_models.database)
    for query in SAME_ANYWAY.values():
        assert ask(killed_with_models.database, query) == ask(uninterrupted[0], query)


def test_after_kills_each_order_that_changed_is_counted_once(killed_with_models: KilledWithModels) -> None:
    counted = ask(killed_with_models.database, "select orders_changed from raw.syncs order by finished_at")
    assert counted == [(killed_with_models.recent,), (ORDERS - killed_with_models.recent,)]


def test_the_kills_are_kills(killed: list[Killed]) -> None:
    *by_time, by_step = killed
    assert by_step.exit_codes == [-signal.SIGKILL] * len(CRASHES)
    codes = [code for one in by_time for code in one.exit_codes]
    assert len(codes) == CHAINS * KILLS
    assert set(codes) <= {-signal.SIGKILL, 0}  # a sync that has little left to do may end before its instant
    # So do most of them on a machine that is less busy now than when the uninterrupted sync was timed.
    assert [one.exit_codes[0] for one in by_time] == [-signal.SIGKILL] * CHAINS


def test_after_kills_at_any_instant_the_next_sync_ends_well(killed: list[Killed]) -> None:
    assert [(one.last_exit_code, one.last_output) for one in killed if one.last_exit_code] == []


@pytest.mark.parametrize("what", SAME_ANYWAY)
def test_after_kills_the_rows_equal_those_of_an_uninterrupted_sync(
    what: str, killed: list[Killed], uninterrupted: tuple[Path, float]
) -> None:
    query = SAME_ANYWAY[what]
    expected = ask(uninterrupted[0], query)
    assert expected
    for one in killed:
        assert ask(one.database, query) == expected


def test_after_kills_every_ported_range_still_holds_the_hidden_instant(killed: list[Killed], sandbox: Sandbox) -> None:
    for one in killed:
        for id_, start, end in ask(
            one.database, "select portout_id, ported_from, ported_to from raw.portout_ported_ranges"
        ):
            ported_out_at = sandbox.world.ported_out_at(id_)
            assert ported_out_at is not None
            assert start <= ported_out_at <= end


def test_a_kill_never_publishes_half_a_sync(killed: list[Killed]) -> None:
    with_recent_orders, *first_loads = killed
    recent = with_recent_orders.orders_published[0]
    assert 0 < recent < ORDERS
    first_success = with_recent_orders.exit_codes.index(0) if 0 in with_recent_orders.exit_codes else KILLS
    assert recent in with_recent_orders.orders_published[1 : first_success + 1]
    assert set(with_recent_orders.orders_published) <= {recent, ORDERS}
    assert {count for one in first_loads for count in one.orders_published} <= {0, ORDERS}


class Stopped(NamedTuple):
    """A sync that was signalled while it read, and the next one; requests by the sandbox's count."""

    exit_codes: list[int | None]
    outputs: list[str]
    requests: list[int]
    was_published: bool
    orders_published: int
    fewest_requests_of_a_first_load: int


def stop_and_go_on(number: signal.Signals, database: Path) -> Stopped:
    world = World(ORDERS, seed=SEED)
    app = create_app(world, api_key=API_KEY, latency=0.02)
    rows = len(world.orders()) + len(world.events()) + sum(order["status"] == "ported" for order in world.orders())
    with running(app) as base_url:
        sandbox = Sandbox(world, base_url, app.state.requests)
        process = sandbox.start(database, batch_rows=100_000, SOURCES__TELNYX__PAGE_SIZE="10")
        while len(sandbox.requests) < 20 and process.is_alive():
            process.join(timeout=0.005)
        assert process.pid
        os.kill(process.pid, number)
        process.join()
        output, requests, was_published = output_of(database), len(sandbox.requests), database.exists()
        next_process = sandbox.start(database, batch_rows=100_000, SOURCES__TELNYX__PAGE_SIZE="10")
        next_process.join()
        return Stopped(
            exit_codes=[process.exitcode, next_process.exitcode],
            outputs=[output, output_of(database)],
            requests=[requests, len(sandbox.requests) - requests],
            was_published=was_published,
            orders_published=ask(database, "select count(*) from marts.fct_portouts")[0][0],
            fewest_requests_of_a_first_load=rows // 10,
        )


SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[signal.Signals, Stopped]:
    databases = [tmp_path_factory.mktemp(number.name) / "portouts.duckdb" for number in SIGNALS]
    with ThreadPoolExecutor(len(SIGNALS)) as threads:
        return dict(zip(SIGNALS, threads.map(stop_and_go_on, SIGNALS, databases), strict=True))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_stops_a_sync_cleanly_and_the_next_one_goes_on(
    number: signal.Signals, stopped: dict[signal.Signals, Stopped]
) -> None:
    one = stopped[number]
    assert one.exit_codes == [1, 0], one.outputs
    assert "stopping after what is being read" in one.outputs[0]
    assert json.loads(one.outputs[0].splitlines()[-1]) == {
        "error": "Stopped as asked. What was read is kept; run the sync again to go on.",
        "exit_code": 1,
    }
    assert (one.was_published, one.orders_published) == (False, ORDERS)
    assert max(one.requests) < one.fewest_requests_of_a_first_load
