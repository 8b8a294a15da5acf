"""What is remembered between syncs, and that it survives being written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portouts.extract.state import OpenOrder, SyncState
from portouts.records.arrow import events_table, orders_table
from portouts.telnyx.queries import Axis
from portouts.windows import BEGINNING, RESOLUTION, Window, floor_to_resolution

MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Row = dict[str, Any]

INSTANTS = st.datetimes(datetime(2009, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside it
IDS = st.text(min_size=1, max_size=8)
WINDOWS = (
    st.tuples(INSTANTS.map(floor_to_resolution), st.integers(1, 10**9))
    .map(lambda pair: Window(pair[0], pair[0] + timedelta(milliseconds=pair[1])))
)  # fmt: skip
STATES = st.builds(
    SyncState,
    start=st.none() | INSTANTS,
    covered=st.fixed_dictionaries({axis: st.lists(WINDOWS, max_size=3) for axis in Axis}),
    open_orders=st.dictionaries(IDS, st.builds(OpenOrder, st.none() | INSTANTS, st.none() | INSTANTS), max_size=3),
    to_read=st.sets(IDS, max_size=3),
    recent_events=st.dictionaries(IDS, INSTANTS, max_size=3),
    unfinished_events=st.dictionaries(IDS, INSTANTS, max_size=3),
    events_new_from=st.none() | INSTANTS,
    orders_read=st.integers(0, 10**9),
    first_inserted_at=st.none() | INSTANTS,
    events_refused=st.booleans(),
    privacy=st.none() | IDS,
    time_zone=st.none() | IDS,
)


@settings(max_examples=30)
@given(STATES)
def test_a_state_written_as_json_reads_back_the_same(state: SyncState) -> None:
    assert SyncState.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_nothing_written_is_the_state_before_the_first_sync() -> None:
    assert SyncState.from_json({}) == SyncState()


def test_a_state_of_the_version_before_is_read_and_written_in_the_present_form() -> None:
    earlier = json.loads((Path(__file__).parent / "data" / "state_with_pairs.json").read_text(encoding="utf-8"))
    state = SyncState.from_json(earlier)
    synced_until = datetime(2026, 5, 19, 9, tzinfo=UTC)
    everything = [Window(BEGINNING, synced_until + RESOLUTION)]
    assert state.covered == dict.fromkeys(Axis, everything)
    assert (state.start, state.confirmed_until, state.orders_read) == (BEGINNING, synced_until, 402)
    assert state.events_new_from == datetime.fromisoformat(earlier["events_tell_from"])
    assert {
        id_: [order.inserted_at and order.inserted_at.isoformat(), order.updated_at and order.updated_at.isoformat()]
        for id_, order in state.open_orders.items()
    } == earlier["open_orders"]
    assert (len(state.open_orders), state.witnesses) == (12, earlier["witnesses"])
    written = json.loads(json.dumps(state.to_json()))
    assert written["covered"]["ported_out_at"] == [
        {"start": "2009-01-01T00:00:00Z", "end": "2026-05-19T09:00:00.001000Z"}
    ]
    assert SyncState.from_json(written) == state


def test_a_field_that_an_earlier_version_did_not_write_has_its_default() -> None:
    state = SyncState.from_json({"start": "2026-05-01T00:00:00+00:00"})
    assert state == SyncState(start=MAY, are_ids_canonical=False)


def orders(*rows: Row) -> Any:
    return orders_table(list(rows))


@pytest.mark.parametrize("status", ["pending", "rejected-pending", "authorized", "unheard-of", None], ids=str)
def test_an_order_that_is_not_final_is_held_as_open(status: str | None) -> None:
    state = SyncState()
    state.remember(orders({"id": "a", "status": status, "inserted_at": "2026-05-01", "updated_at": "2026-05-02"}))
    assert state.open_orders == {"a": OpenOrder(MAY, MAY + DAY)}


@pytest.mark.parametrize("status", ["ported", "rejected", "canceled"])
def test_an_order_that_became_final_is_no_longer_held(status: str) -> None:
    state = SyncState(open_orders={"a": OpenOrder(MAY, MAY), "b": OpenOrder(MAY, MAY)})
    state.remember(orders({"id": "a", "status": status}, {"id": "new", "status": status}))
    assert state.open_orders == {"b": OpenOrder(MAY, MAY)}


def test_a_final_order_that_was_reopened_is_held_again() -> None:
    state = SyncState()
    for status in ("rejected", "pending"):
        state.remember(orders({"id": "a", "status": status}))
    assert state.open_orders == {"a": OpenOrder(None, None)}


def test_orders_of_a_range_not_covered_before_determine_the_density() -> None:
    state = SyncState()
    first, second = Window(MAY, MAY + 10 * DAY), Window(MAY - 10 * DAY, MAY)
    for window, days in ((first, (0, 1, 4)), (second, (-10,))):
        rows = orders(*({"id": f"{day}", "inserted_at": (MAY + day * DAY).isoformat()} for day in days))
        for _ in range(2):
            state.count_orders(window, rows["inserted_at"])
            state.cover(Axis.INSERTED, window)
    assert (state.orders_read, state.first_inserted_at) == (4, MAY - 10 * DAY)
    assert state.orders_per_second(MAY + 10 * DAY) == 4 / (20 * DAY).total_seconds()


def test_an_empty_range_does_not_change_the_density() -> None:
    state = SyncState()
    state.count_orders(Window(MAY, MAY + DAY), orders({"id": "a"})["inserted_at"])
    assert state == SyncState()
    assert state.orders_per_second(MAY) == 0.0


def test_covered_ranges_that_touch_become_one_on_their_own_axis() -> None:
    state = SyncState()
    state.cover(Axis.PORTED, Window(MAY, MAY + DAY))
    state.cover(Axis.PORTED, Window(MAY + DAY, MAY + 2 * DAY))
    assert state.covered == {Axis.INSERTED: [], Axis.PORTED: [Window(MAY, MAY + 2 * DAY)], Axis.EVENTS: []}


def test_forgotten_ranges_leave_open_orders_and_those_to_read() -> None:
    state = SyncState(
        start=MAY, open_orders={"a": OpenOrder(MAY, MAY)}, to_read={"b"}, recent_events={"e": MAY}, orders_read=5
    )
    state.cover(Axis.EVENTS, Window(MAY, MAY + DAY))
    state.forget_ranges()
    assert state == SyncState(start=MAY, open_orders={"a": OpenOrder(MAY, MAY)}, to_read={"b"})


def test_events_are_forgotten_only_when_older_than_the_overlap() -> None:
    state = SyncState(recent_events={"old": MAY - DAY, "edge": MAY, "new": MAY + DAY})
    state.forget_events_before(MAY)
    assert state.recent_events == {"edge": MAY, "new": MAY + DAY}


def test_an_event_stays_unfinished_until_its_payload_comes_or_it_is_gone() -> None:
    state = SyncState()
    lacking = [{"id": name, "created_at": "2026-05-01", "payload": None} for name in ("a", "b", "c")]
    state.remember_unfinished(events_table(lacking), [], MAY)
    state.remember_unfinished(events_table([{"id": "a", "created_at": "2026-05-01", "payload": {}}]), ["b"], MAY)
    assert state.unfinished_events == {"c": MAY}


def test_an_event_without_a_date_and_a_payload_is_as_old_as_its_first_reading() -> None:
    state = SyncState()
    for read_at in (MAY, MAY + DAY):
        state.remember_unfinished(events_table([{"id": "a"}]), [], read_at)
    assert state.unfinished_events == {"a": MAY}
    state.forget_unfinished_before(MAY + DAY)
    assert state.unfinished_events == {}


def test_a_state_that_holds_an_event_without_a_date_can_be_read() -> None:
    assert SyncState.from_json({"unfinished_events": {"a": None}}).unfinished_events == {}
