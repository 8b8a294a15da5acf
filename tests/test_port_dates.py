"""The ranges that a first load queries to date ported orders, and how exact their days are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from fake_transport import read_in_one
from hypothesis import given
from hypothesis import strategies as st
from portouts.extract.options import SyncOptions
from portouts.extract.port_dates import UndatedPorts, by_calendar
from portouts.extract.run import SyncRun
from portouts.extract.state import SyncState
from portouts.records.schema import INSTANT
from portouts.telnyx.clock import ApiClock
from portouts.telnyx.page import Page
from portouts.windows import BEGINNING, Window, gaps, merge
from portouts_sandbox import World
from simulation.faulty_api import Faults, FaultyApi

DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WITHIN = Window(BEGINNING, NOW)
CALM = Faults(0.0, 0.0, "newest", None, 0.0, 0.0, 0.0, 0.0)
PAGE = 250
Order = tuple[str, datetime | None, datetime | None]
Json = dict[str, Any]


def ported(*orders: Order) -> pa.Table:
    ids, inserted_at, updated_at = zip(*orders, strict=True) if orders else ((), (), ())
    return pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "status": pa.array(["ported"] * len(ids), pa.string()),
            "inserted_at": pa.array(inserted_at, INSTANT),
            "updated_at": pa.array(updated_at, INSTANT),
        }
    )


def ids(*names: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(names, pa.string())])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MAY = ported(("a", at("2026-05-03T10:00"), at("2026-05-05T09:00")))


def test_an_order_with_an_event_is_not_queried() -> None:
    undated = UndatedPorts()
    undated.add_dated(ids("a"))
    undated.add_orders(MAY)
    assert not undated.exist()
    assert undated.windows(WITHIN, 1, PAGE) == []


def test_orders_of_another_status_are_not_queried() -> None:
    undated = UndatedPorts()
    undated.add_orders(MAY.set_column(1, "status", pa.array(["canceled"])))
    assert not undated.exist()


def test_an_order_is_asked_for_from_its_day_until_the_day_after_its_last_change_and_every_day_ends_on_itself() -> None:
    undated = UndatedPorts()
    undated.add_orders(MAY)
    windows = undated.windows(WITHIN, 1, PAGE)
    ends = [at(f"2026-05-0{day}T00:00") - MILLISECOND for day in range(3, 8)]
    assert windows == [Window(start, end) for start, end in pairwise(ends)]
    assert [window.end.day for window in windows] == [3, 4, 5, 6]
    assert undated.exist()
    undated.add_dated(ids("a"))
    assert not undated.exist()


def test_where_days_are_too_many_whole_months_are_asked_for() -> None:
    undated = UndatedPorts()
    undated.add_orders(ported(("a", at("2026-01-20T10:00"), at("2026-04-05T09:00"))))
    windows = undated.windows(WITHIN, 1, PAGE)
    assert [(window.start.month, window.end.month) for window in windows] == [(1, 1), (1, 2), (2, 3), (3, 4)]
    assert [window.end + MILLISECOND for window in windows[:-1]] == [at(f"2026-0{month}-01") for month in (2, 3, 4)]


def test_many_orders_with_events_leave_requests_for_the_days_of_a_few_without() -> None:
    undated = UndatedPorts()
    undated.add_orders(ported(("a", at("2026-01-20T10:00"), at("2026-04-05T09:00"))))
    assert len(undated.windows(WITHIN, 100 * PAGE, PAGE)) == 77


def test_an_order_seen_in_several_versions_counts_once_from_its_first_day_to_its_last() -> None:
    """Reads that proved nothing show versions, too."""
    early, late = (ported(("a", at("2026-05-03T10:00"), at(last))) for last in ("2026-05-04T09:00", "2026-05-06T09:00"))
    once, often = UndatedPorts(), UndatedPorts()
    once.add_orders(late)
    for versions in ([early, late, late], [early], [late]):
        for table in versions:
            often.add_orders(table)
        often.remove_dated()
    assert often.windows(WITHIN, 1, PAGE) == once.windows(WITHIN, 1, PAGE)
    often.add_dated(ids("a"))
    assert not often.exist()


def test_what_a_killed_sync_saw_is_asked_for_from_the_first_day_to_the_last() -> None:
    undated = UndatedPorts()
    undated.add_every_day(at("2025-05-07T11:42"))
    assert undated.exist()
    windows = undated.windows(WITHIN, 20 * PAGE, PAGE)
    assert (windows[0].start, windows[-1].end) == (at("2025-05-07T00:00") - MILLISECOND, NOW)
    assert len(windows) <= 12 + 1.3 * 20


@pytest.mark.parametrize(
    ("inserted_at", "updated_at"),
    [(None, at("2026-05-03T10:00")), (at("2026-05-03T10:00"), None), (at("2026-05-03T10:00"), at("2026-04-03T10:00"))],
    ids=["never inserted", "never updated", "updated before"],
)
def test_the_day_of_an_order_with_one_usable_instant_is_asked_for(
    inserted_at: datetime | None, updated_at: datetime | None
) -> None:
    undated = UndatedPorts()
    undated.add_orders(ported(("a", inserted_at, updated_at)))
    assert any(at("2026-05-03T10:00") in window for window in undated.windows(WITHIN, 1, PAGE))


def test_an_order_without_any_instant_is_left_to_all_other_ranges() -> None:
    undated = UndatedPorts()
    undated.add_orders(ported(("a", None, None)))
    assert undated.windows(WITHIN, 1, PAGE) == []
    assert undated.exist()


instants = st.datetimes(datetime(2009, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside it
spans = st.tuples(instants, st.timedeltas(timedelta(), timedelta(days=400)))


@pytest.mark.slow
@given(st.lists(spans, max_size=30), st.integers(0, 5_000))
def test_no_instant_is_left_out_and_no_range_is_read_twice(orders: list[tuple[datetime, timedelta]], more: int) -> None:
    undated = UndatedPorts()
    undated.add_orders(ported(*((str(n), start, min(start + length, NOW)) for n, (start, length) in enumerate(orders))))
    count = len(orders) + more
    windows = undated.windows(WITHIN, count, PAGE)
    assert len(windows) <= 12 + 1.3 * max(1, -(-count // PAGE))
    assert all(one.end <= other.start for one, other in pairwise(windows))
    for start, length in orders:
        for instant in (start, min(start + length, NOW - MILLISECOND)):
            assert any(window.start <= instant <= window.end for window in windows)
    assert not windows or gaps(windows, WITHIN) != [WITHIN]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Africa/Cairo", "America/Santiago", "Asia/Beirut"])
def test_days_and_months_are_those_of_the_reporting_time_zone(zone: str) -> None:
    """Some of these zones have days that begin at one o'clock, when the clocks are changed at midnight."""
    tz, year = ZoneInfo(zone), Window(at("2025-06-01"), at("2026-06-01"))
    for most, unit in ((400, "%Y-%m-%d"), (20, "%Y-%m")):
        parts = by_calendar([year], tz, most)
        assert merge(parts) == [year]
        labels = [{f"{instant.astimezone(tz):{unit}}" for instant in (w.start + MILLISECOND, w.end)} for w in parts]
        assert [len(label) for label in labels[:-1]] == [1] * (len(labels) - 1)
        assert len(set.union(*labels)) in (len(labels), len(labels) + 1)


# With a sync around it


class Orders:
    """The orders of one world, and the ported orders that syncs in small batches found in a range."""

    def __init__(self) -> None:
        self.world = World(900, seed=3, starts_at=NOW - timedelta(days=300), now=NOW)
        self.found: set[str] = set()
        self._api = FaultyApi(self.world, Random(1), CALM, events=False)
        self._state: Json = {}

    def sync(self, since: datetime, batches: int = 1_000) -> int:
        """Sync until so many batches are committed, as one that is then killed; return how many were."""
        options = SyncOptions(self.world.now, since, page_size=20, batch_rows=60)

        async def read() -> int:
            committed = 0
            async with self._api.open_client() as client:
                run = SyncRun(client, options, SyncState.from_json(self._state))
                async with aclosing(run.packages()) as packages:
                    async for package in packages:
                        self.found |= {*package.tables["portout_ported_ranges"]["portout_id"].to_pylist()}
                        self._state, committed = package.state, committed + 1
                        if committed == batches:
                            break
            return committed

        return asyncio.run(read())

    def ported(self, since: datetime) -> set[str]:
        return {
            order["id"]
            for order in self.world.orders()
            if order["status"] == "ported" and datetime.fromisoformat(order["inserted_at"]) >= since
        }


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_history_extended_backwards_is_dated_too_and_so_is_what_was_ported_since_even_after_a_kill(
    batches: int,
) -> None:
    orders, spring, autumn = Orders(), NOW - timedelta(days=100), NOW - timedelta(days=250)
    orders.sync(spring)
    assert orders.found >= orders.ported(spring)
    orders.world.advance(DAY)
    if batches:
        assert orders.sync(autumn, batches) == batches
    orders.sync(autumn)
    assert orders.found >= orders.ported(autumn)


def sync(api: Any, as_of: datetime, state: SyncState | None = None, **options: Any) -> tuple[list[Json], int]:
    """Read one sync, a first load without `state`, in one batch; return the ranges with orders, and its requests."""

    async def read() -> tuple[list[Json], int]:
        async with api.open_client() as client:
            tables = await read_in_one(SyncRun(client, SyncOptions(as_of, **options), state or SyncState()))
            return tables["portout_ported_ranges"].to_pylist(), client.requests

    return asyncio.run(read())


@pytest.mark.parametrize("orders", [1, 900, 5_000])
def test_without_events_every_order_is_found_in_a_range_that_ends_on_the_right_day_or_month(orders: int) -> None:
    world = World(orders, seed=3, starts_at=NOW - timedelta(days=300), now=NOW)
    found, _ = sync(FaultyApi(world, Random(1), CALM, events=False), world.now)
    assert {row["portout_id"] for row in found} == {o["id"] for o in world.orders() if o["status"] == "ported"}
    for row in found:
        instant = world.ported_out_at(row["portout_id"])
        assert instant
        assert row["ported_from"] <= instant <= row["ported_to"]
        assert (row["ported_to"].year, row["ported_to"].month) == (instant.year, instant.month)


@pytest.mark.slow
def test_with_events_only_orders_without_a_ported_event_are_queried() -> None:
    world = World(5_000, seed=3, starts_at=NOW - timedelta(days=300), now=NOW)
    dated = {e["portout_id"] for e in world.events() if (e["payload"] or {}).get("status") == "ported"}
    undated = {order["id"] for order in world.orders() if order["status"] == "ported"} - dated
    found, with_events = sync(FaultyApi(world, Random(1), CALM), world.now)
    _, without_events = sync(FaultyApi(world, Random(1), CALM, events=False), world.now)
    assert undated
    assert undated <= {row["portout_id"] for row in found}
    pages_of_events = len(world.events()) / PAGE
    assert with_events < without_events + pages_of_events


@dataclass
class OnePort:
    """An API with one ported order, whose `ported_out_at` lies where nobody would look for it."""

    ported_out_at: datetime
    requests: int = 0
    api_clock: ApiClock = field(default_factory=ApiClock)
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def open_client(self) -> OnePort:
        return self

    async def __aenter__(self) -> OnePort:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Nothing is open."""

    async def fetch_list(self, _path: str, params: Mapping[str, str], _row_type: object = None) -> Page:
        row = {
            "id": "a",
            "status": "ported",
            "inserted_at": "2026-05-03T10:00:00Z",
            "updated_at": "2026-05-04T10:00:00Z",
        }
        span = [params.get(f"filter[ported_out_at][{end}]") for end in ("gte", "lte")]
        start, end = (datetime.fromisoformat(text) if text else self.ported_out_at for text in span)
        rows = [row] if params["page[number]"] == "1" and start <= self.ported_out_at <= end else []
        return Page(rows, len(rows), PAGE)

    async def fetch_one(self, path: str) -> Json:
        raise AssertionError(f"{path} was asked for")


@pytest.mark.parametrize("instant", ["2026-05-04T08:00", "2026-05-20T08:00", "2026-05-01T08:00"])
def test_an_order_is_found_even_where_it_was_ported_after_its_last_change_or_before_it_came(instant: str) -> None:
    found, _ = sync(OnePort(at(instant)), NOW, events=False)
    assert [row["portout_id"] for row in found] == ["a"]
    assert found[0]["ported_from"] <= at(instant) <= found[0]["ported_to"]


@pytest.mark.parametrize(
    ("end", "count"), [("2026-06-01", 1), ("2026-06-02", 2), ("2026-06-05", 1), ("2026-07-11", 2), ("2027-07-11", 2)]
)
def test_a_range_is_cut_by_days_or_months_or_years_into_no_more_parts_than_allowed(end: str, count: int) -> None:
    whole = Window(NOW, at(f"{end}T13:00"))
    parts = by_calendar([whole], UTC, 3)
    assert len(parts) == count
    assert merge(parts) == [whole]


@pytest.mark.slow
@pytest.mark.parametrize("days", [0.9, 1, 2])
def test_a_later_sync_without_events_knows_the_day_on_which_orders_were_ported(days: float) -> None:
    world = World(5_000, seed=3, starts_at=NOW - timedelta(days=300), now=NOW)
    api, state = FaultyApi(world, Random(1), CALM, events=False), SyncState()
    sync(api, world.now, state, events=False)
    world.advance(timedelta(days=days))
    found, _ = sync(api, world.now, state, events=False)
    news = [row for row in found if (world.ported_out_at(row["portout_id"]) or NOW) > NOW]
    assert news
    for row in news:
        instant = world.ported_out_at(row["portout_id"])
        assert instant
        assert row["ported_to"].date() == instant.date()
