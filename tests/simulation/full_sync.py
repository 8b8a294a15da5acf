"""One seed of the whole product: dlt, DuckDB, models and publish, with a faulty API, killed at arbitrary calls.

Each sync, and some verifications with repair, must end with the truth, and with the models that a full build gives.

A kill is an exception raised inside whatever Python function happens to be called then: in dlt's extract, normalize and
load, in our own code, between two statements of the models, before and after the rename. The next sync must go on as
if nothing had happened.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, TypeVar

import duckdb
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest, run_verify
from portouts.errors import LoadFailed, NotProven
from portouts.load.settings.settings import Settings, read_settings
from portouts.telnyx.errors import TelnyxError
from portouts.transform.build import BuildKind
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World

from simulation.equality import require_rows_of_full_build
from simulation.faulty_api import BASE_URL, KEY, Faults, FaultyApi
from simulation.happenings import happen
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
ROUNDS, KILLED_SHARE, CHANGED_SETTINGS_SHARE, VERIFIED_SHARE = 3, 0.35, 0.1, 0.2
# What dlt restores here lives in the process alone; a process that died for real would leave none of it behind. It does
# so by way of contextlib, whose part in leaving a block is over before the block's own last lines run.
MEMORY_ONLY = ("dlt/common/configuration/", "/contextlib.py")

Done = TypeVar("Done")


class Killed(BaseException):
    """The process is gone."""


def simulate_full_sync(seed: int) -> FullOutcome:
    """Run one seed; raises naming the seed when the published file disagrees with the API."""
    try:
        with TemporaryDirectory() as folder:
            return _simulate(seed, Path(folder) / "portouts.duckdb")
    except Exception as error:
        error.add_note(f"seed {seed}: replay with python -m simulation --full-sync --seed {seed}")
        raise


@dataclass
class FullOutcome(Outcome):
    """What one seed did, to be added up."""

    incremental_builds: int = 0
    full_builds: int = 0
    repairs: int = 0


def _simulate(seed: int, database: Path) -> FullOutcome:
    rng = Random(seed)
    world = World(rng.choice((0, 3, 40, 150)), seed, starts_at=NOW - timedelta(days=rng.choice((30, 400))), now=NOW)
    api = FaultyApi(world, rng, Faults.draw(rng), events=rng.random() < 0.85)
    account = _Account(rng, api, database)
    for _ in range(ROUNDS):
        settled = ids_shown(world)
        world.advance(LATEST_COMMIT)
        if database.exists() and rng.random() < CHANGED_SETTINGS_SHARE:
            account.change_settings()
        account.sync(settled)
        happen(rng, world, LATEST_COMMIT)
        if rng.random() < VERIFIED_SHARE:
            account.verify()
        world.advance(timedelta(days=rng.choice((0, 0.01, 1, 40)), seconds=rng.random()))
    return account.outcome


@dataclass
class _Account:
    """One database that follows the world, whatever happens to its syncs."""

    rng: Random
    api: FaultyApi
    database: Path
    settings: dict[str, Any] = field(default_factory=dict)
    """Those of the models."""
    outcome: FullOutcome = field(default_factory=FullOutcome)

    def change_settings(self) -> None:
        parents = self.database.with_name(f"carriers-{self.rng.randrange(2)}.csv")
        parents.write_text(f"carrier,parent\n111A,Parent of {parents.stem}\n")
        changed: Mapping[str, Sequence[object]] = {
            "response_window_hours": (2.0, 24.0, 48.0),
            "time_zone": ("UTC", "America/New_York", "Asia/Kolkata"),
            "business_time_zone": ("America/New_York", "Europe/London"),
            "carriers": (str(parents),),
        }
        name = self.rng.choice(list(changed))
        self.settings |= {name: self.rng.choice(changed[name])}

    def sync(self, settled: set[str]) -> None:
        """Sync until it succeeds; compare what is published with the API and with a full build."""
        done, shown = self._until_it_succeeds(self._sync, settled)
        self.outcome.syncs += 1
        self.outcome.requests += done.report.requests
        require_known_instant(self.api, done.as_of)
        check(shown.until(done.as_of), self.api.world, read_published(self.database), self.outcome)
        is_incremental = done.build.kind is BuildKind.INCREMENTAL
        self.outcome.incremental_builds += is_incremental
        self.outcome.full_builds += done.build.kind is BuildKind.FULL
        if is_incremental:
            self._require_rows_of_full_build(done.as_of)

    def verify(self) -> None:
        """Verify until it succeeds; compare what a repair left with a full build."""
        done, _ = self._until_it_succeeds(self._verify, set())
        self.outcome.repairs += bool(done.repaired)
        self._require_rows_of_full_build(done.certificate.as_of)

    def _require_rows_of_full_build(self, as_of: datetime) -> None:
        require_rows_of_full_build(self.database, self._read_settings().models.inputs(as_of))

    def _until_it_succeeds(self, work: Callable[[bool], Done], settled: set[str]) -> tuple[Done, Shown]:
        for _ in range(MOST_TRIES):
            shown = Shown.now(self.api, settled)
            self.api.begin_sync(is_first=not self.database.exists())
            calls = self.rng.randrange(CALLS_OF_A_SYNC) if self.rng.random() < KILLED_SHARE else None
            try:
                with killed_after(calls):
                    # What another thread is doing when the kill comes would depend on more than the seed.
                    return work(calls is None), shown
            except Killed:
                self.outcome.crashes += 1
            except duckdb.Error as error:  # DuckDB, which had called Python, reports the kill as its own error
                if Killed.__name__ not in str(error):
                    raise
                self.outcome.crashes += 1
            except (TelnyxError, NotProven, LoadFailed):
                self.outcome.failed_tries += 1
            gc.collect()
        raise Wrong(f"{work.__name__} did not succeed in {MOST_TRIES} tries")

    def _sync(self, prefetch: bool) -> SyncOutcome:
        request = SyncRequest(
            None,
            self._read_settings(page_size=self.rng.choice((10, 25, 250))),
            batch_rows=self.rng.choice((50, 100_000)),
            prefetch=prefetch,
            accept_settings=True,
            accept_deletions=True,
        )
        return run_sync(Warehouse(self.database), request, self.api.machine_now, open_client=self.api.open_client)

    def _verify(self, _prefetch: bool) -> VerifyOutcome:
        request = VerifyRequest(self._read_settings(), sample=1, repair=True, accept_deletions=True)
        return run_verify(Warehouse(self.database), request, self.api.machine_now, open_client=self.api.open_client)

    def _read_settings(self, **of_source: Any) -> Settings:
        return read_settings(KEY, BASE_URL, **self.settings, **of_source)


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
        query = "select * exclude (deleted_at, account) from raw.portouts where deleted_at is null"
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
