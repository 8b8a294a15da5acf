"""Mechanisms, each broken on purpose: a simulation that does not notice would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from portouts.extract import list_reader
from portouts.extract import plan as sync_plan
from portouts.extract import run as sync_run
from portouts.extract.intake import Intake
from portouts.extract.page_reader import Pages
from portouts.extract.state import SyncState
from portouts.extract.upper_bound import UpperBound
from portouts.records import batch
from portouts.telnyx.clock import ApiClock
from portouts.telnyx.queries import ListQuery
from portouts.windows import Window


def no_overlap(covered: Sequence[Window], within: Window, _overlap: timedelta) -> list[Window]:
    """Read only what is not covered, so that late commits are never seen."""
    return sync_plan.plan_axis(covered, within, timedelta())


def forgetting_open_orders(_state: SyncState, _orders: pa.Table) -> None:
    """Hold no order as open, so that none is read again."""


def any_pages(_pages: Sequence[Pages]) -> bool:
    """Take every list for whole, whatever it says of its total before and after."""
    return True


def losing_a_part(query: ListQuery, parts: int) -> list[ListQuery]:
    """Split a list and forget its newest part."""
    return [ListQuery(query.axis, window, query.status) for window in query.window.split(parts)][:-1]


def last_arrival(tables: Iterable[pa.Table]) -> pa.Table:
    """Let the row that arrived last win, however old it is."""
    rows = {row["id"]: row for table in tables for row in table.to_pylist()}
    return pa.Table.from_pylist(list(rows.values()), schema=next(iter(tables)).schema)


def believing_the_machine(_bound: UpperBound, _clock: ApiClock, _state: SyncState) -> bool:
    """Read up to what the machine takes for now, and call it covered."""
    return False


def believing_lists(_intake: Intake, _orders: pa.Table) -> set[str]:
    """Take what a list shows for the present, whatever is held and whatever events say."""
    return set()


MUTATIONS: Mapping[str, tuple[Any, str, Callable[..., Any]]] = {
    "overlap": (sync_run, "plan_axis", no_overlap),
    "open sweep": (SyncState, "remember", forgetting_open_orders),
    "before/after total": (list_reader, "is_whole", any_pages),
    "split": (ListQuery, "split", losing_a_part),
    "newest wins": (batch, "newest_versions", last_arrival),
    "lists that lag": (Intake, "_outdated", believing_lists),
    "api clock": (UpperBound, "follow", believing_the_machine),
}


# Mechanisms of the builds are broken in whole syncs. Their modules import dlt, which reading alone does not need.


@contextmanager
def leaving_events_out() -> Iterator[None]:
    """Queue no order because of its events."""
    from portouts.load import news

    orders_of = news._orders_of

    def without_events(tables: Mapping[str, pa.Table]) -> Sequence[str]:
        return orders_of({name: table for name, table in tables.items() if name != news.EVENTS})

    with patch.object(news, "_orders_of", without_events):
        yield


@contextmanager
def queueing_after_the_load() -> Iterator[None]:
    """Queue the orders of a package once it is loaded, and kill the first sync in between."""
    from portouts.load import news
    from portouts.load.pipeline import RawPipeline
    from portouts.warehouse.rows.changed_orders import note_changed_orders

    from simulation.full_sync import Killed

    load, later, kills = RawPipeline.load, list[str](), [Killed("between a load and its queue")]

    def remember(_connection: object, ids: Iterable[str]) -> None:
        later[:] = ids

    def load_and_queue(raw: RawPipeline, source: Any) -> None:
        load(raw, source)
        if later and kills:
            raise kills.pop()
        with raw.warehouse.connected() as connection:
            note_changed_orders(connection, later)

    with patch.object(news, "note_changed_orders", remember), patch.object(RawPipeline, "load", load_and_queue):
        yield


@contextmanager
def forgetting_deletions() -> Iterator[None]:
    """Mark orders as deleted without queueing them."""
    from portouts.warehouse.rows import corrections

    with patch.object(corrections, "note_changed_orders", lambda _connection, _ids: None):
        yield


MUTATIONS_OF_BUILDS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "events are queued": leaving_events_out,
    "queue before load": queueing_after_the_load,
    "deletions are queued": forgetting_deletions,
}
# The first seeds that noticed when they were last looked for, to save looking: rare ones take hundreds. Just a hint.
NOTICED_BY: Mapping[str, int] = {
    "overlap": 1,
    "open sweep": 0,
    "before/after total": 63,
    "split": 19,
    "newest wins": 194,
    "lists that lag": 65,
    "api clock": 0,
    "events are queued": 13,
    "queue before load": 13,
    "deletions are queued": 0,
}


@contextmanager
def broken(mechanism: str) -> Iterator[None]:
    """Break one mechanism for a while."""
    if mechanism in MUTATIONS_OF_BUILDS:
        with MUTATIONS_OF_BUILDS[mechanism]():
            yield
        return
    place, name, mutant = MUTATIONS[mechanism]
    with patch.object(place, name, mutant):
        yield
