"""One seed of the reading logic: client, plan, windows and state, with a warehouse that is a dictionary.

What must hold after every sync that succeeds, whatever the machine's clock says: each event and order that the API
showed at `as_of` is held, an order in a version no older than the one shown then, unless it changed in a way that
no event or list could show (see `could_be_known`).
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from portouts.errors import NotProven
from portouts.extract.intake import LoadPackage
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.run import SyncRun
from portouts.extract.state import SyncState
from portouts.records.arrow import orders_table
from portouts.telnyx.errors import TelnyxError
from portouts.telnyx.queries import FINAL_STATUSES
from portouts_sandbox import World

from simulation.faulty_api import Faults, FaultyApi, commit_late

NOW = datetime.fromisoformat("2026-06-01T00:00:00+00:00")
# The sandbox commits an order or event up to 20 minutes after its own timestamp.
LATEST_COMMIT = timedelta(minutes=20)
# It announces a change within 1.2 seconds, and older orders show `updated_at` cut to whole seconds.
ANNOUNCED_WITHIN = timedelta(seconds=2.2)
MOST_TRIES = 100
Json = dict[str, Any]


class Wrong(AssertionError):
    """The warehouse and the API disagree."""


@dataclass
class Held:
    """What has been committed: the destination and the state, as dlt would keep them."""

    orders: dict[str, Json] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)
    observations: set[tuple[str, str, datetime]] = field(default_factory=set)
    ported_ranges: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    state: str = "{}"

    def commit(self, package: LoadPackage) -> None:
        tables = package.tables
        orders = {row["id"]: row for row in tables["portouts"].drop_columns(["deleted_at"]).to_pylist()}
        self.orders |= {id_: row for id_, row in orders.items() if id_ in package.asked_for or self._is_news(row)}
        self.events |= {row["id"]: row for row in tables["portout_events"].to_pylist()}
        seen = tables["portout_observations"].select(["portout_id", "status", "updated_at"]).to_pylist()
        self.observations |= {tuple(row.values()) for row in seen}
        for row in tables["portout_ported_ranges"].to_pylist():
            self.ported_ranges.setdefault(row["portout_id"], []).append((row["ported_from"], row["ported_to"]))
        self.state = json.dumps(package.state)

    def _is_news(self, row: Json) -> bool:
        """Return whether no newer version is held, as `load.news` finds it in the working file."""
        return row["id"] not in self.orders or row["updated_at"] >= self.orders[row["id"]]["updated_at"]


@dataclass
class Outcome:
    """What one seed did, to be added up."""

    syncs: int = 0
    requests: int = 0
    failed_tries: int = 0
    crashes: int = 0
    orders_checked: int = 0
    excused: int = 0


def simulate_reading(seed: int) -> Outcome:
    """Run one seed; raises `Wrong` naming the seed when the warehouse disagrees with the API."""
    try:
        return asyncio.run(_simulate(seed))
    except Exception as error:
        error.add_note(f"seed {seed}: replay with python -m simulation --seed {seed}")
        raise


async def _simulate(seed: int) -> Outcome:
    rng = Random(seed)
    outcome = Outcome()
    size = rng.choice((0, 1, 10, 25, 25, 90))
    world = World(size, seed, starts_at=NOW - timedelta(days=rng.choice((20, 120, 400))), now=NOW)
    api = FaultyApi(world, rng, Faults.draw(rng), events=rng.random() < 0.85)
    held = Held()
    for _ in range(rng.randrange(2, 4)):
        await _sync_until_it_succeeds(rng, world, api, held, outcome)
        commit_late(rng, world, LATEST_COMMIT)
        world.advance(timedelta(days=rng.choice((0, 0.01, 1, 9, 40)), seconds=rng.random()))
    return outcome


async def _sync_until_it_succeeds(rng: Random, world: World, api: FaultyApi, held: Held, outcome: Outcome) -> None:
    """Settle for a while, note what the API shows, sync with crashes, and compare."""
    settled = ids_shown(world)
    world.advance(LATEST_COMMIT)
    for _ in range(MOST_TRIES):
        shown = Shown.now(api, settled)
        api.begin_sync(is_first=not held.orders)
        try:
            report = await _sync(rng, api, held, outcome)
        except (TelnyxError, NotProven):
            outcome.failed_tries += 1
            continue
        if report is not None:
            outcome.syncs += 1
            outcome.requests += report.requests
            require_known_instant(api, report.as_of)
            check(shown.until(report.as_of), api.world, held, outcome)
            return
    raise Wrong(f"no sync succeeded in {MOST_TRIES} tries")


async def _sync(rng: Random, api: FaultyApi, held: Held, outcome: Outcome) -> SyncReport | None:
    """Run one sync package by package; None if it was killed, before or after a commit."""
    options = SyncOptions(
        as_of=api.machine_now(),
        is_now=True,
        page_size=rng.choice((5, 15, 40)),
        batch_rows=rng.choice((None, 20, 100)),
        full=rng.random() < 0.05,
        sync_id=f"sync {outcome.syncs}",
    )
    crash_share = rng.choice((0.0, 0.0, 0.2))
    async with api.open_client() as client:
        run = SyncRun(client, options, SyncState.from_json(json.loads(held.state)))
        async with aclosing(run.packages()) as packages:
            async for package in packages:
                if rng.random() < crash_share:
                    outcome.crashes += 1
                    return None
                held.commit(package)
                if rng.random() < crash_share:
                    outcome.crashes += 1
                    return None
        run.report.requests = client.requests
    return run.report


@dataclass
class Shown:
    """What the API showed when a sync began: settled orders and events, and the order and time of every event."""

    as_of: datetime
    orders: dict[str, Json]
    events: dict[str, str]
    announcements: set[tuple[str, str]]

    @classmethod
    def now(cls, api: FaultyApi, settled: set[str]) -> Shown:
        events = api.world.events() if api.has_events else []
        return cls(
            api.world.now,
            {order["id"]: order for order in api.world.orders() if order["id"] in settled},
            {event["id"]: event["created_at"] for event in events if event["id"] in settled},
            {(event["portout_id"], event["created_at"]) for event in events},
        )

    def until(self, as_of: datetime) -> Shown:
        """Leave out what a sync that read up to this instant need not know: a `Date` has whole seconds."""
        as_of = min(as_of, self.as_of)
        announcements = {(id_, at) for id_, at in self.announcements if datetime.fromisoformat(at) <= as_of}
        events = {id_: at for id_, at in self.events.items() if datetime.fromisoformat(at) <= as_of}
        return Shown(as_of, self.orders, events, announcements)


def ids_shown(world: World) -> set[str]:
    """List the ids of all that the API shows now."""
    return {row["id"] for row in [*world.orders(), *world.events()]}


def require_known_instant(api: FaultyApi, as_of: datetime) -> None:
    """Refuse an `as_of` that the API's clock has not reached, or left behind for long."""
    if api.machine.is_always_dated and as_of > api.world.now:
        raise Wrong(f"a sync read up to {as_of}, and it is {api.world.now}")


def check(shown: Shown, world: World, held: Held, outcome: Outcome) -> None:
    """Compare what is held with what the API showed: at least as new as at `as_of`, never newer than now."""
    now = {order["id"]: order for order in world.orders()}
    latest = {row["id"]: row for row in as_rows(list(now.values()))}
    changed = {row["id"]: row for row in as_rows([order for id_, order in shown.orders.items() if order != now[id_]])}
    for id_ in shown.orders:
        expected = changed.get(id_, latest[id_])
        outcome.orders_checked += 1
        row = held.orders.get(id_)
        if row is None:
            raise Wrong(f"order {id_} of {expected['inserted_at']} is not held")
        if row in (expected, latest[id_]):
            continue
        if expected["updated_at"] <= row["updated_at"] <= latest[id_]["updated_at"] and expected != latest[id_]:
            continue
        if could_be_known(row, shown.announcements):
            raise Wrong(
                f"order {id_} is held as {_differing(row, expected)}, the API shows {_differing(expected, row)}"
            )
        outcome.excused += 1
    if lost := shown.events.keys() - held.events.keys():
        raise Wrong(f"{len(lost)} events are not held, such as one of {min(shown.events[id_] for id_ in lost)}")
    if unknown := held.orders.keys() - now.keys():
        raise Wrong(f"orders held that the API does not show: {sorted(unknown)[:3]}")
    check_ported(shown, world, held)


def check_ported(shown: Shown, world: World, held: Held) -> None:
    """Require an event, or else a range, that dates each ported order."""
    dated = {event["portout_id"] for event in held.events.values() if event["payload__status"] == "ported"}
    for id_, order in shown.orders.items():
        instant, ranges = world.ported_out_at(id_), held.ported_ranges.get(id_, [])
        if not order["status"] == held.orders[id_]["status"] == "ported" or instant is None or instant > shown.as_of:
            continue
        if id_ not in dated and not any(start <= instant <= end for start, end in ranges):
            raise Wrong(f"order {id_} was ported at {instant}; no event shows it, and only these ranges: {ranges}")


def could_be_known(row: Json, announcements: set[tuple[str, str]]) -> bool:
    """Return whether a sync could have noticed the change cheaply: the order was open, or an event names it."""
    if row["status"] not in FINAL_STATUSES:
        return True
    since = row["updated_at"] + ANNOUNCED_WITHIN
    return any(id_ == row["id"] and datetime.fromisoformat(at) > since for id_, at in announcements)


def as_rows(orders: list[Json]) -> list[Json]:
    rows: list[Json] = orders_table(orders).drop_columns(["phone_numbers"]).to_pylist()
    return rows


def _differing(row: Json, other: Json) -> Json:
    return {name: value for name, value in row.items() if value != other[name]}
