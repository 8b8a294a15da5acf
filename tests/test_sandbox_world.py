"""The sandbox's world: what happens to its orders, and that it depends only on the seed and the clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from portouts_sandbox import AnswerRefused, World

ORDERS = 2_500
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
OPEN = {"pending", "rejected-pending", "authorized"}


@pytest.fixture(scope="module")
def world() -> World:
    world = World(ORDERS, seed=11)
    world.advance(30 * DAY)
    return world


def histories_of(world: World) -> dict[str, list[tuple[str, datetime]]]:
    histories = defaultdict(list)
    for portout_id, status, at in world.transitions():
        histories[portout_id].append((status, at))
    return histories


def contents_of(world: World) -> tuple[Any, ...]:
    ported = {order["id"]: world.ported_out_at(order["id"]) for order in world.orders()}
    comments = [order.comments for order in world.store.orders]
    return world.orders(), world.events(), world.transitions(), ported, comments


def test_a_new_world_shows_the_number_of_orders_that_was_asked_for() -> None:
    starts_at, now = datetime(2026, 1, 10, 8, 30, tzinfo=UTC), datetime(2026, 2, 3, 17, 45, tzinfo=UTC)
    world = World(400, seed=3, starts_at=starts_at, now=now)
    instants = [datetime.fromisoformat(order["inserted_at"]) for order in world.orders()]
    assert len(instants) == 400
    assert starts_at <= min(instants)
    assert max(instants) <= now == world.now


def test_one_move_of_the_clock_and_many_small_ones_give_the_same_world() -> None:
    at_once, in_steps = World(300, seed=5), World(300, seed=5)
    at_once.advance(45 * DAY)
    for minutes in (1, 7, 59, 61, 600, 3_000, 20_000):
        in_steps.advance(timedelta(minutes=minutes))
    in_steps.advance(timedelta(0))
    in_steps.move_to(at_once.now)
    assert contents_of(in_steps) == contents_of(at_once)


def test_another_seed_gives_another_world() -> None:
    assert World(50, seed=1).orders() != World(50, seed=2).orders()


def test_the_clock_never_goes_back() -> None:
    world = World(10)
    with pytest.raises(ValueError, match="never goes back"):
        world.move_to(world.now - timedelta(microseconds=1))


def test_new_orders_keep_arriving_at_the_recent_rate(world: World) -> None:
    last_month = Counter(order["inserted_at"][:7] for order in world.orders())
    assert last_month["2026-06"] == pytest.approx(last_month["2026-05"], rel=0.5)


def test_orders_arrive_unevenly(world: World) -> None:
    instants = [datetime.fromisoformat(order["inserted_at"]) for order in world.orders()]
    by_weekday = Counter(at.weekday() for at in instants)
    assert by_weekday[2] > 4 * by_weekday[6]
    assert max(Counter(at.replace(microsecond=0) for at in instants).values()) >= 3
    by_day = Counter(at.date() for at in instants)
    assert max(by_day.values()) > 20
    assert len(by_day) < 500  # of 546: some days have no orders


def test_every_documented_history_occurs(world: World) -> None:
    found = Counter(">".join(status for status, _ in history) for history in histories_of(world).values())
    expected = {
        "pending",
        "pending>authorized",
        "pending>authorized>ported",
        "pending>authorized>canceled",
        "pending>canceled",
        "pending>rejected",  # at intake, after a moment
        "rejected",  # at intake, at once
        "pending>rejected-pending>rejected",
        "pending>rejected-pending>canceled",
        "pending>rejected-pending>pending>authorized>ported",
        "pending>rejected-pending>pending>rejected-pending>rejected",
    }
    assert expected <= set(found)


def test_no_order_takes_an_undocumented_step(world: World) -> None:
    allowed = {
        "pending": {"authorized", "rejected-pending", "rejected", "canceled"},
        "authorized": {"ported", "canceled"},
        "rejected-pending": {"rejected", "pending", "canceled"},
        "rejected": {"pending"},
    }
    for history in histories_of(world).values():
        for (status, at), (next_status, next_at) in pairwise(history):
            assert next_status in allowed.get(status, ())
            assert at < next_at


def test_some_rejected_orders_are_reopened_months_later(world: World) -> None:
    gaps = [
        next_at - at
        for history in histories_of(world).values()
        for (status, at), (next_status, next_at) in pairwise(history)
        if (status, next_status) == ("rejected", "pending")
    ]
    assert gaps
    assert min(gaps) >= 30 * DAY


def test_some_authorized_orders_are_ported_months_later(world: World) -> None:
    gaps = [
        next_at - at
        for history in histories_of(world).values()
        for (status, at), (next_status, next_at) in pairwise(history)
        if (status, next_status) == ("authorized", "ported")
    ]
    assert max(gaps) > 60 * DAY
    assert sum(gap > 60 * DAY for gap in gaps) < len(gaps) / 10


def test_deadlines_authorize_after_whole_days_and_people_at_any_time(world: World) -> None:
    waits = [history[1][1] - history[0][1] for history in histories_of(world).values() if len(history) > 1]
    assert waits.count(48 * HOUR) > ORDERS / 20
    assert waits.count(24 * HOUR) > ORDERS / 50
    assert sum(wait < 24 * HOUR for wait in waits) > ORDERS / 3
    assert any(48 * HOUR < wait < 61 * HOUR for wait in waits)


def test_nearly_all_orders_are_ported_within_ten_days_of_their_foc_date(world: World) -> None:
    delays = [
        at - datetime.fromisoformat(order["foc_date"])
        for order in world.orders()
        if (at := world.ported_out_at(order["id"])) is not None
    ]
    assert min(delays) >= timedelta(0)
    assert sum(delay < 11 * DAY for delay in delays) > 0.9 * len(delays)


def test_an_order_shows_its_latest_status(world: World) -> None:
    histories = histories_of(world)
    for order in world.orders():
        assert order["status"] == histories[order["id"]][-1][0]
        is_ported = order["status"] == "ported"
        assert (world.ported_out_at(order["id"]) is not None) == is_ported == order["already_ported"]


def test_statuses_change_months_after_insertion_when_the_clock_moves_on() -> None:
    world = World(ORDERS, seed=11)
    before = {order["id"]: order for order in world.orders()}
    world.advance(30 * DAY)
    changed = [
        order for order in world.orders() if order["id"] in before and order["status"] != before[order["id"]]["status"]
    ]
    assert any(order["inserted_at"] < "2026-03" for order in changed)


def test_a_reopened_order_has_neither_reason_nor_rejection_code(world: World) -> None:
    histories = histories_of(world)
    reopened = [
        order
        for order in world.orders()
        if order["status"] in {"pending", "authorized", "ported"}
        and "rejected-pending" in {status for status, _ in histories[order["id"]]}
    ]
    assert reopened
    assert {order["reason"] for order in reopened} == {None}
    assert {order.get("rejection_code") for order in reopened} == {None}


def test_rows_are_sorted_from_newest_to_oldest(world: World) -> None:
    inserted = [datetime.fromisoformat(order["inserted_at"]) for order in world.orders()]
    created = [event["created_at"] for event in world.events()]
    assert inserted == sorted(inserted, reverse=True)
    assert created == sorted(created, reverse=True)


def test_older_orders_lack_keys_and_have_another_timestamp_format(world: World) -> None:
    orders = world.orders()
    for key in ("rejection_code", "host_messaging"):
        has_key = [key in order for order in orders]
        assert has_key == sorted(has_key, reverse=True)
        assert {True, False} == set(has_key)
    assert orders[0]["updated_at"].endswith("Z")
    assert orders[-1]["updated_at"].endswith("+00:00")
    assert all(len(event["created_at"]) == len("2021-03-19T10:07:15.527000Z") for event in world.events())


def test_foc_dates_are_midnights_and_null_before_an_authorization(world: World) -> None:
    histories = histories_of(world)
    for order in world.orders():
        was_authorized = "authorized" in {status for status, _ in histories[order["id"]]}
        assert (order["foc_date"] is not None) == was_authorized
        assert {date[10:19] for date in (order["requested_foc_date"], order["foc_date"]) if date} == {"T00:00:00"}


def test_names_are_missing_unicode_and_spelled_in_several_ways(world: World) -> None:
    orders = world.orders()
    spellings = defaultdict(set)
    for order in orders:
        spellings[order["spid"]].add(order["carrier_name"])
    assert len(spellings) > 20
    assert sum(len(names) > 1 for names in spellings.values()) > 10
    assert None in spellings
    assert None in spellings[None]
    assert "Telnyx" in spellings["073H"]
    assert any(not name.isascii() for names in spellings.values() for name in names if name)
    assert {order["vendor"] for order in orders} == {None}
    nameless = sum(order["end_user_name"] is None for order in orders)
    assert len(orders) / 2 < nameless < len(orders)


def test_orders_have_one_or_many_numbers_and_some_numbers_are_ported_twice(world: World) -> None:
    orders = world.orders()
    sizes = Counter(len(order["phone_numbers"]) for order in orders)
    assert sizes[1] > len(orders) / 2
    assert set(range(1, 11)) <= set(sizes)
    assert sizes[200] > 0
    uses = Counter(number for order in orders for number in order["phone_numbers"])
    assert max(uses.values()) >= 2
    assert {order["current_carrier"] for order in orders} == {"telnyx"}
    assert all(order["support_key"] == f"PO_{order['id'][-6:]}" for order in orders)


def test_every_transition_has_an_event_except_in_the_oldest_orders(world: World) -> None:
    events = [event for event in world.events() if event["event_type"] == "portout.status_changed"]
    instants = defaultdict(list)
    for event in events:
        instants[event["portout_id"]].append(datetime.fromisoformat(event["created_at"]))
    histories = histories_of(world)
    without = [history[0][1] for portout_id, history in histories.items() if portout_id not in instants]
    first_with = min(histories[portout_id][0][1] for portout_id in instants)
    assert without
    assert sum(at > first_with for at in without) < 5  # inserted a moment ago, or committed late
    for portout_id, created in instants.items():
        for (_, at), created_at in zip(histories[portout_id], sorted(created), strict=False):
            assert timedelta(0) <= created_at - at < timedelta(seconds=2)


def test_event_payloads_have_the_documented_keys(world: World) -> None:
    keys = defaultdict(set)
    for event in world.events():
        if event["payload"] is not None:
            keys[event["event_type"]].add(tuple(event["payload"]))
    assert keys == {
        "portout.status_changed": {
            (
                "id",
                "status",
                "phone_numbers",
                "carrier_name",
                "spid",
                "user_id",
                "subscriber_name",
                "rejection_reason",
                "attempted_pin",
            )
        },
        "portout.foc_date_changed": {("id", "user_id", "foc_date")},
        "portout.new_comment": {("id", "portout_id", "user_id", "comment")},
    }


def test_a_few_events_have_the_pin_that_was_attempted(world: World) -> None:
    pins = Counter(
        event["payload"]["attempted_pin"] != ""
        for event in world.events()
        if event["event_type"] == "portout.status_changed" and event["payload"]
    )
    assert 0 < pins[True] < pins[False] / 5


def test_some_events_get_their_payload_minutes_later(world: World) -> None:
    late = [event for event in world.events() if event["updated_at"] != event["created_at"]]
    assert 0 < len(late) < len(world.events()) / 100
    younger = World(ORDERS, seed=11)
    event = next(event for event in late if datetime.fromisoformat(event["created_at"]) > younger.now)
    younger.move_to(datetime.fromisoformat(event["updated_at"]) - timedelta(seconds=1))
    bare = next(each for each in younger.events() if each["id"] == event["id"])
    assert bare == {**event, "payload": None, "payload_status": "created", "updated_at": event["created_at"]}
    assert event["payload_status"] == "completed"


def test_some_rows_are_committed_up_to_twenty_minutes_late() -> None:
    world = World(2_000, seed=4, starts_at=datetime(2026, 5, 28, tzinfo=UTC))
    rows = world.store
    known = {*rows.orders_by_id, *rows.events_by_id}
    order_lags: list[timedelta] = []
    event_lags: list[timedelta] = []
    for _ in range(96):
        world.advance(timedelta(minutes=15))
        order_lags += [world.now - row.inserted_at for row in rows.orders[-200:] if row.id not in known]
        event_lags += [world.now - row.created_at for row in rows.events[-600:] if row.id not in known]
        known.update(rows.orders_by_id, rows.events_by_id)
    for lags in (order_lags, event_lags):
        late = sum(lag > timedelta(minutes=15, seconds=2) for lag in lags)
        assert 0 < late < len(lags) / 50
        assert max(lags) < timedelta(minutes=35)


def test_an_added_order_is_shown_with_an_event_and_never_changes() -> None:
    world = World(20)
    portout_id = world.add_order(phone_numbers=["+13035550123"], spid="9A01", novelty={"a": [1]})
    order = world.order(portout_id)
    assert order["status"] == "pending"
    assert order["novelty"] == {"a": [1]}
    assert order["inserted_at"] == order["updated_at"] == "2026-06-01T00:00:00.000Z"
    assert world.events()[0]["payload"]["status"] == "pending"
    world.advance(400 * DAY)
    assert world.order(portout_id) == order


def test_an_added_order_does_not_change_the_other_orders() -> None:
    changed, unchanged = World(100, seed=2), World(100, seed=2)
    portout_id = changed.add_order(inserted_at=changed.now - 90 * DAY, status="ported")
    assert changed.ported_out_at(portout_id) == changed.now - 90 * DAY
    for world in (changed, unchanged):
        world.advance(20 * DAY)
    assert [order for order in changed.orders() if order["id"] != portout_id] == unchanged.orders()


def test_a_change_emits_an_event_and_updates_the_order() -> None:
    world = World(10)
    portout_id = world.add_order(foc_date=datetime(2026, 6, 9, tzinfo=UTC))
    events = len(world.events())
    world.advance(HOUR)
    world.change(portout_id, carrier_name="Éxample")
    assert len([event for event in world.events() if event["portout_id"] == portout_id]) == 1
    world.change(portout_id, foc_date=datetime(2026, 6, 10, tzinfo=UTC).date())
    newest = next(event for event in world.events() if event["portout_id"] == portout_id)
    assert newest["event_type"] == "portout.foc_date_changed"
    assert newest["payload"]["foc_date"] == "2026-06-10T00:00:00.000Z"
    world.change(portout_id, at=world.now - timedelta(minutes=1), status="rejected", touch=False, event=False)
    order = world.order(portout_id)
    assert (order["status"], order["carrier_name"]) == ("rejected", "Éxample")
    assert order["updated_at"] == "2026-06-01T01:00:00.000Z"
    assert world.transitions()[-1] == (portout_id, "rejected", world.now - timedelta(minutes=1))
    assert len(world.events()) >= events + 1
    with pytest.raises(ValueError, match="still to come"):
        world.change(portout_id, at=world.now + HOUR, status="canceled")


def test_a_changed_status_removes_the_planned_steps() -> None:
    world = World(500, seed=9)
    pending = next(order for order in world.orders() if order["status"] == "pending")
    world.change(pending["id"], status="canceled")
    canceled = world.order(pending["id"])
    world.advance(400 * DAY)
    assert world.order(pending["id"])["status"] == canceled["status"] == "canceled"


def test_a_removed_order_disappears_and_its_events_stay() -> None:
    world = World(10)
    portout_id = world.add_order()
    world.remove(portout_id)
    assert portout_id not in {order["id"] for order in world.orders()}
    assert portout_id in {event["portout_id"] for event in world.events()}
    with pytest.raises(KeyError):
        world.order(portout_id)


@pytest.mark.parametrize(
    ("answer", "then"),
    [("authorized", {"ported", "canceled"}), ("rejected-pending", {"rejected", "pending", "canceled"})],
)
def test_an_answer_replaces_the_planned_steps(answer: str, then: set[str]) -> None:
    world = World(20)
    ids = [world.add_order() for _ in range(12)]
    for portout_id in ids:
        world.answer(portout_id, answer, reason="because")
        with pytest.raises(AnswerRefused, match=answer):
            world.answer(portout_id, answer)
    world.advance(400 * DAY)
    histories = histories_of(world)
    assert {histories[portout_id][1][0] for portout_id in ids} == {answer}
    assert {histories[portout_id][2][0] for portout_id in ids} <= then


def test_only_the_two_documented_answers_are_accepted() -> None:
    world = World(5)
    portout_id = world.add_order()
    with pytest.raises(ValueError, match="ported is not one of"):
        world.answer(portout_id, "ported")
    assert world.order(portout_id)["status"] == "pending"


def test_a_world_without_orders_shows_only_added_orders() -> None:
    world = World(0)
    world.advance(30 * DAY)
    assert world.orders() == world.events() == []
    portout_id = world.add_order()
    assert [order["id"] for order in world.orders()] == [portout_id]


def test_instants_of_any_zone_are_shown_in_utc() -> None:
    zone = timezone(-5 * HOUR)
    world = World(0, now=datetime(2026, 5, 31, 19, tzinfo=zone))
    world.move_to(datetime(2026, 5, 31, 20, tzinfo=zone))
    portout_id = world.add_order()
    world.change(portout_id, at=datetime(2026, 5, 31, 20, tzinfo=zone), status="canceled")
    order = world.order(portout_id)
    assert order["inserted_at"] == order["updated_at"] == "2026-06-01T01:00:00.000Z"
    assert world.events()[0]["created_at"] == "2026-06-01T01:00:00.000000Z"
