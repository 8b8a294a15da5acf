"""One order, found by its id or support key, and read fresh from the API as the warehouse would show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_transport import FakeClock, envelope, refusal
from portouts.answers.deadline import spell_start
from portouts.answers.held import read_held
from portouts.answers.lookup import find_order
from portouts.answers.order import FreshOrder, OrderEvent
from portouts.answers.reading import OrderReader
from portouts.errors import AmbiguousOrder, NotPublished, PortoutsError, SettingsError, UnknownOrder
from portouts.load.settings.settings import read_settings
from portouts.records.privacy import KEEP, Privacy
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.clock import Clock
from portouts.telnyx.errors import KeyRejected, UnaskedRows
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts_sandbox import World, create_app
from simulated_account import API_KEY, BASE_URL, Account

WINDOW = timedelta(hours=48)
CANARY_PIN = "480593"
Handler = Callable[[httpx.Request], httpx.Response]


def client_of(transport: httpx.AsyncBaseTransport) -> TelnyxClient:
    clock = FakeClock()
    return TelnyxClient(
        API_KEY, BASE_URL, transport=transport, rate_limit=RateLimit(Clock(clock, clock.sleep), longest_wait=300)
    )


def transport_of(world: World, *, events: bool = True) -> httpx.ASGITransport:
    return httpx.ASGITransport(create_app(world, api_key=API_KEY, events=events))


def read(
    transport: httpx.AsyncBaseTransport,
    reference: str,
    privacy: Privacy = KEEP,
    held: Mapping[str, datetime] | None = None,
) -> FreshOrder:
    client = client_of(transport)
    return converse(client, lambda: OrderReader(client, WINDOW, privacy, (held or {}).get).read(reference))


def found_id(transport: httpx.AsyncBaseTransport, reference: str) -> str:
    client = client_of(transport)
    return str(converse(client, lambda: find_order(client, reference))["id"])


@pytest.fixture
def world() -> World:
    return World(orders=0)


# Lookup


@pytest.mark.parametrize("spelled", [str, str.upper, "  {}\n".format], ids=["as it is", "upper case", "with blanks"])
def test_an_order_is_found_by_its_id_and_by_its_key(spelled: Callable[[str], str], world: World) -> None:
    portout_id = world.add_order()
    key = world.order(portout_id)["support_key"]
    world.add_order()
    assert found_id(transport_of(world), spelled(portout_id)) == portout_id
    assert found_id(transport_of(world), spelled(key)) == portout_id
    assert found_id(transport_of(world), f"po_{key[3:].upper()}") == portout_id


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("00000000-0000-4000-8000-000000000001", "with the id"),
        ("PO_zzzzzz", "with the support key"),
        ("carrier-17", "with the id or support key"),
        ("events", "with the id or support key"),
        ("../balance", "with the id or support key"),
    ],
)
def test_an_order_that_is_not_found_is_one_sentence_that_says_what_to_do(
    reference: str, kind: str, world: World
) -> None:
    world.add_order()
    with pytest.raises(UnknownOrder, match=f"{kind}.*`portouts pending`") as raised:
        found_id(transport_of(world), reference)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize("reference", ["", " \n", "PO_\x1b[2J", "a\u202eb"])
def test_a_text_that_can_be_no_order_is_wrong_usage_and_no_request(reference: str, world: World) -> None:
    app = create_app(world, api_key=API_KEY)
    with pytest.raises(SettingsError, match="ORDER"):
        found_id(httpx.ASGITransport(app), reference)
    assert app.state.requests == []


def test_an_ambiguous_key_lists_its_orders_and_is_wrong_usage(world: World) -> None:
    both = [world.add_order(support_key="PO_ffffff", status=status) for status in ("pending", "ported")]
    world.add_order()
    with pytest.raises(AmbiguousOrder, match="2 orders have the support key PO_ffffff") as raised:
        found_id(transport_of(world), "PO_ffffff")
    assert raised.value.exit_code == 2
    lines = str(raised.value).splitlines()[1:]
    assert [line.split()[:2] for line in sorted(lines)] == sorted(
        [[both[0], "pending"], [both[1], "ported"]], key=lambda line: "  " + line[0]
    )


def list_of(*rows: dict[str, Any]) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _request: httpx.Response(200, json=envelope(list(rows), len(rows))))


def test_orders_with_another_key_show_that_the_api_does_not_filter() -> None:
    rows = [{"id": f"order-{number}", "support_key": f"PO_{number}"} for number in (1, 2)]
    with pytest.raises(UnaskedRows, match="Give the order's id"):
        found_id(list_of(*rows), "PO_1")


def test_an_id_that_is_no_uuid_is_found_after_its_key_was_asked_for() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/v2/portouts":
            return httpx.Response(200, json=envelope([], 0))
        return httpx.Response(200, json={"data": {"id": "order-17"}})

    assert found_id(httpx.MockTransport(answer), "order-17") == "order-17"
    assert asked == ["/v2/portouts", "/v2/portouts/order-17"]


def test_an_answer_about_another_order_is_no_answer() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json={"data": {"id": "order-2"}}))
    with pytest.raises(UnaskedRows, match="another order"):
        found_id(transport, "00000000-0000-4000-8000-000000000001")


# Reading


def test_an_order_is_read_with_its_events_comments_and_codes(world: World) -> None:
    at = world.now - timedelta(hours=30)
    portout_id = world.add_order(
        inserted_at=at,
        carrier_name="Northwind",
        spid="9A01",
        pon="PON 7",
        phone_numbers=["+13125550101", "+13125550102"],
        requested_foc_date=datetime(2026, 6, 4, tzinfo=UTC),
    )
    world.change(portout_id, at + timedelta(hours=2), status="rejected-pending", reason="Not ours", rejection_code=1001)
    world.comment(portout_id, "Please confirm the account number.", at + timedelta(hours=3))
    world.change(portout_id, at + timedelta(hours=20), status="pending", reason=None, rejection_code=None)
    order = read(transport_of(world), portout_id)
    assert (order.status, order.carrier_name, order.spid, order.pon) == ("pending", "Northwind", "9A01", "PON 7")
    assert (order.phone_numbers, order.number_count) == (("+13125550101", "+13125550102"), 2)
    assert str(order.requested_foc_on) == "2026-06-04"
    statuses = [event.status for event in order.events if event.event_type == "portout.status_changed"]
    assert statuses == ["pending", "rejected-pending", "pending"]
    [comment] = order.comments
    assert comment.body == "Please confirm the account number."
    assert [event.comment_id for event in order.events if event.comment_id] == [comment.comment_id]
    assert (order.pending_at, order.deadline_at) == (at + timedelta(hours=20), at + timedelta(hours=68))
    assert order.is_deadline_exact
    assert order.hours_left(world.now) == 38
    assert order.rejection_codes is not None
    assert [code.code for code in order.rejection_codes if code.reason_required] == [1001]
    assert order.notes == []


def test_the_codes_depend_on_the_numbers_of_the_order(world: World) -> None:
    codes = {}
    for number in ("+13125550101", "+35315550101"):
        order = read(transport_of(world), world.add_order(phone_numbers=[number]))
        codes[number[:2]] = [code.code for code in order.rejection_codes or ()]
    assert codes == {"+1": [1001, 1002, 1003, 1004], "+3": [1001, 1003]}


def test_an_order_that_is_not_pending_has_no_deadline(world: World) -> None:
    order = read(transport_of(world), world.add_order(status="authorized"))
    assert (order.pending_at, order.deadline_at, order.hours_left(world.now)) == (None, None, None)


def test_all_pages_of_comments_and_events_are_read(world: World) -> None:
    portout_id = world.add_order(inserted_at=world.now - timedelta(days=9))
    for minute in range(300):
        world.comment(portout_id, f"comment {minute}", world.now - timedelta(days=8) + timedelta(minutes=minute))
    order = read(transport_of(world), portout_id)
    assert [comment.body for comment in order.comments] == [f"comment {minute}" for minute in range(300)]
    assert len(order.events) == 301


def test_a_list_that_ignores_page_numbers_is_read_once() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        path = request.url.path.removeprefix("/v2")
        if path == "/portouts/order-1":
            return httpx.Response(200, json={"data": {"id": "order-1", "status": "pending"}})
        comments = [{"id": "c-1", "body": "the same"}] if path.endswith("comments") else []
        return httpx.Response(200, json=envelope(comments, 9 if comments else 0))

    order = read(httpx.MockTransport(answer), "order-1")
    assert [comment.body for comment in order.comments] == ["the same"]
    assert asked.count("/v2/portouts/order-1/comments") == 2


def test_what_the_key_may_not_read_is_a_note(world: World) -> None:
    portout_id = world.add_order()
    order = read(transport_of(world, events=False), portout_id)
    assert (order.status, order.events) == ("pending", ())
    [note] = order.notes
    assert "HTTP 403" in note
    assert "events" in note
    assert order.deadline_at == world.now + WINDOW


def refusing(status: int, part: str) -> httpx.MockTransport:
    """Answer an order, and refuse this part of it."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2")
        if part in path:
            return refusal(status, "10007", "Refused", "No")
        if path == "/portouts/order-1":
            return httpx.Response(200, json={"data": {"id": "order-1", "status": "pending"}})
        return httpx.Response(200, json=envelope([], 0))

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("status", [403, 404, 422, 500])
@pytest.mark.parametrize("part", ["events", "comments", "rejections"])
def test_a_part_that_cannot_be_read_leaves_the_order(part: str, status: int) -> None:
    order = read(refusing(status, part), "order-1")
    assert (order.portout_id, len(order.notes)) == ("order-1", 1)
    assert (order.rejection_codes is None) == (part == "rejections")


def test_a_key_that_is_refused_is_an_error_and_no_note() -> None:
    with pytest.raises(KeyRejected):
        read(refusing(401, "comments"), "order-1")


def test_events_of_other_orders_are_not_shown_as_those_of_this_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2")
        if path == "/portouts/order-1":
            return httpx.Response(200, json={"data": {"id": "order-1", "status": "pending"}})
        events = [{"id": f"event-{number}", "portout_id": f"order-{number}"} for number in (1, 2)]
        return httpx.Response(200, json=envelope(events if path == "/portouts/events" else [], 2))

    order = read(httpx.MockTransport(answer), "order-1")
    assert order.events == ()
    assert "does not apply filter[portout_id]" in order.notes[0]


# Personal data


def personal(world: World) -> str:
    """Add an order with a PIN in every text."""
    said = f"Quillon Vexwhistle, PIN {CANARY_PIN}"
    portout_id = world.add_order(
        inserted_at=world.now - timedelta(hours=9), phone_numbers=["+13125550101"], end_user_name="Quillon Vexwhistle"
    )
    world.change(portout_id, world.now - timedelta(hours=8), status="rejected-pending", reason=said)
    world.comment(portout_id, said, world.now - timedelta(hours=7))
    return portout_id


@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
def test_no_pin_is_shown_in_any_mode(pii: Any, world: World) -> None:
    order = read(transport_of(world), personal(world), Privacy(pii, "not a secret"))
    assert CANARY_PIN not in repr(order)


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_personal_data_is_masked_as_in_the_rows(pii: Any, world: World) -> None:
    privacy = Privacy(pii, "not a secret")
    portout_id = personal(world)
    shown = repr(read(transport_of(world), portout_id, privacy))
    assert [text for text in ("Vexwhistle", "5550101") if text in shown] == []
    order = read(transport_of(world), portout_id, privacy)
    assert order.number_count == 1
    assert order.phone_numbers == ((privacy.mask("+13125550101"),) if pii == "hash" else None)
    clear = read(transport_of(world), portout_id)
    assert "Vexwhistle" in repr(clear)


# Deadlines


def event(hour: int, status: str) -> OrderEvent:
    return OrderEvent(f"{hour} {status}", "portout.status_changed", NOON + timedelta(hours=hour), status)


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HELD = NOON + timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    ("events", "held", "expected"),
    [
        ([], None, (0, True)),
        ([], 5.5, (5.5, True)),
        ([(1, "pending")], 5.5, (0, True)),
        ([(1, "pending"), (2, "rejected-pending"), (5, "pending")], None, (5, True)),
        ([(5, "pending"), (2, "rejected-pending"), (6, "pending")], None, (5, True)),
        ([(2, "rejected-pending"), (2, "pending")], None, (2, True)),
        ([(1, "pending"), (2, "rejected-pending")], None, (2, False)),
        ([(1, "pending"), (2, "rejected-pending")], 5.5, (5.5, True)),
        ([(1, "pending"), (6, "rejected-pending")], 5.5, (6, False)),
    ],
)
def test_a_spell_begins_with_the_event_that_made_the_order_pending_again(
    events: list[tuple[int, str]], held: float | None, expected: tuple[float, bool]
) -> None:
    held_at = None if held is None else NOON + timedelta(hours=held)
    start = spell_start(NOON, [event(hour, status) for hour, status in events], held_at)
    assert start.at is not None
    assert ((start.at - NOON) / timedelta(hours=1), start.is_exact) == expected


@pytest.mark.slow
@pytest.mark.parametrize("has_events", [True, False], ids=["with events", "without events"])
def test_right_after_a_sync_every_deadline_is_that_of_the_published_file(has_events: bool, tmp_path: Path) -> None:
    account = Account(World(orders=700, seed=23), tmp_path / "portouts.duckdb", settings={"events": has_events})
    account.app = create_app(account.world, api_key=API_KEY, events=has_events)
    account.sync()
    account.world.advance(timedelta(days=4))
    account.sync()
    held = read_held(account.database, account.checked(), "any")
    published = account.ask("select portout_id, deadline_at, hours_left from marts.rpt_open_orders order by all")
    assert len(published) > 5
    transport = httpx.ASGITransport(account.app)
    fresh = [read(transport, portout_id, held=held.pending_since) for portout_id, *_ in published]
    found = [(order.portout_id, order.deadline_at, order.hours_left(account.world.now)) for order in fresh]
    assert [(portout_id, deadline_at) for portout_id, deadline_at, _ in found] == [row[:2] for row in published]
    assert [left for *_, left in found] == pytest.approx([left for *_, left in published])


# What the published file remembers


def test_settings_that_are_not_given_are_those_that_the_file_remembers(tmp_path: Path) -> None:
    account = Account(World(orders=3, seed=2), tmp_path / "portouts.duckdb")
    account.sync(settings={"pii": "drop", "response_window_hours": 24.0})
    read_back = read_held(account.database, read_settings(API_KEY, BASE_URL, found={}), "any").settings
    assert (read_back.source.pii, read_back.models.response_window_hours) == ("drop", 24.0)
    given = read_held(account.database, read_settings(API_KEY, BASE_URL, found={}, pii="keep"), "any").settings
    assert (given.source.pii, given.models.response_window_hours) == ("keep", 24.0)


def test_without_a_published_file_the_given_settings_hold(tmp_path: Path) -> None:
    given = read_settings(API_KEY, BASE_URL, found={})
    held = read_held(tmp_path / "none.duckdb", given, "any")
    assert (held.settings, held.pending_since) == (given, {})


def test_a_published_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    database.write_bytes(b"no database at all" * 1000)
    error: type[PortoutsError] = NotPublished
    with pytest.raises(error, match="what may be shown"):
        read_held(database, read_settings(API_KEY, BASE_URL, found={}), "any")
