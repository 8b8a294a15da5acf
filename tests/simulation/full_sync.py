"""One seed of the whole product: dlt, DuckDB, models and publish, with a faulty API, killed at arbitrary calls.

A kill is an exception raised inside whatever Python function happens to be called then: in dlt's extract, normalize and
load, in our own code, between two statements of the models, before and after the rename. The next sync must go on as
if nothing had happened.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType

import duckdb
from portouts.commands.jobs.sync import SyncRequest, run_sync
from portouts.errors import LoadFailed, NotProven
from portouts.load.settings import read_settings
from portouts.telnyx.errors import TelnyxError
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World

from simulation.faulty_api import BASE_URL, KEY, Faults, FaultyApi, commit_late
from simulation.reading import (
    LATEST_COMMIT,
    MOST_TRIES,
    NOW,
    Held,
    Outcome,
    Shown,
    Wrong,
    check,
    ids_shown,
    require_known_instant,
)

CALLS_OF_A_SYNC = 400_000
# What dlt restores here lives in the process alone; a process that died for real would leave none of it behind. It does
# so by way of contextlib, whose part in leaving a block is over before the block's own last lines run.
MEMORY_ONLY = ("dlt/common/configuration/", "/contextlib.py")


class Killed(BaseException):
    """The process is gone."""


def simulate_full_sync(seed: int) -> Outcome:
    """Run one seed; raises naming the seed when the published file disagrees with the API."""
    try:
        with TemporaryDirectory() as folder:
            return _simulate(seed, Path(folder) / "portouts.duckdb")
    except Exception as error:
        error.add_note(f"seed {seed}: replay with python -m simulation --full-sync --seed {seed}")
        raise


def _simulate(seed: int, database: Path) -> Outcome:
    rng, outcome = Random(seed), Outcome()
    world = World(rng.choice((0, 3, 40, 150)), seed, starts_at=NOW - timedelta(days=rng.choice((30, 400))), now=NOW)
    api = FaultyApi(world, rng, Faults.draw(rng), events=rng.random() < 0.85)
    for _ in range(rng.randrange(2, 4)):
        settled = ids_shown(world)
        world.advance(LATEST_COMMIT)
        shown = _sync_until_it_succeeds(rng, api, settled, database, outcome)
        outcome.syncs += 1
        check(shown, world, read_published(database), outcome)
        commit_late(rng, world, LATEST_COMMIT)
        world.advance(timedelta(days=rng.choice((0, 0.01, 1, 40)), seconds=rng.random()))
    return outcome


def _sync_until_it_succeeds(rng: Random, api: FaultyApi, settled: set[str], database: Path, outcome: Outcome) -> Shown:
    for _ in range(MOST_TRIES):
        shown = Shown.now(api, settled)
        api.begin_sync(is_first=not database.exists())
        settings = read_settings(KEY, BASE_URL, page_size=rng.choice((10, 25, 250)))
        calls = rng.randrange(CALLS_OF_A_SYNC) if rng.random() < 0.6 else None
        # What another thread is doing when the kill comes would depend on more than the seed.
        request = SyncRequest(None, settings, batch_rows=rng.choice((50, 100_000)), prefetch=calls is None)
        try:
            with killed_after(calls):
                done = run_sync(Warehouse(database), request, api.machine_now, open_client=api.open_client)
            outcome.requests += done.report.requests
            require_known_instant(api, done.as_of)
            return shown.until(done.as_of)
        except Killed:
            outcome.crashes += 1
        except (TelnyxError, NotProven, LoadFailed):
            outcome.failed_tries += 1
        gc.collect()
    raise Wrong(f"no sync succeeded in {MOST_TRIES} tries")


@contextmanager
def killed_after(calls: int | None) -> Iterator[None]:
    """Raise `Killed` from the so manieth Python call of this thread."""
    left = calls

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event == "call" and left is not None:
            left -= 1
            if left <= 0 and not any(part in frame.f_code.co_filename for part in MEMORY_ONLY):
                sys.setprofile(None)
                raise Killed(frame.f_code.co_qualname)

    if calls is not None:
        sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def read_published(database: Path) -> Held:
    """Read the published orders as the raw tables hold them."""
    held = Held()
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        query = "select * exclude (deleted_at) from raw.portouts where deleted_at is null"
        rows = connection.sql(query).to_arrow_table().to_pylist()
        ranges = connection.sql("select portout_id, ported_from, ported_to from raw.portout_ported_ranges").fetchall()
        held.events = {
            id_: {"portout_id": portout_id, "payload__status": status}
            for id_, portout_id, status in connection.sql(
                "select id, portout_id, payload__status from raw.portout_events"
            ).fetchall()
        }
    for id_, *ends in ranges:
        held.ported_ranges.setdefault(id_, []).append(tuple(ends))
    held.orders = {row["id"]: row for row in rows}
    assert len(held.orders) == len(rows), "an order stands twice in raw.portouts"
    return held
