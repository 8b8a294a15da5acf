"""The sandbox's HTTP API: filters, pages, limits and errors as Telnyx's reference describes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from portouts_sandbox import World, create_app, running
from portouts_sandbox.api.middleware import RateLimit
from portouts_sandbox.story.numbering import country_of
from telnyx import Telnyx

pytestmark = pytest.mark.anyio

KEY = "KEY_SANDBOX_NOT_A_SECRET"
BASE_URL = "http://sandbox/v2"
HEADERS = {"Authorization": f"Bearer {KEY}"}
STATUSES = ("pending", "authorized", "ported", "rejected", "rejected-pending", "canceled")

Row = dict[str, Any]
Test = Callable[[Row], bool]


def connect(app: Any, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=HEADERS if headers is None else headers)


@pytest.fixture(scope="module")
def world() -> World:
    world = World(900, seed=21)
    newest = datetime(2026, 5, 31, 12, tzinfo=UTC)
    for status in STATUSES:  # every status occurs, and several orders have the same instant, whatever the seed
        world.add_order(
            status=status,
            inserted_at=newest,
            phone_numbers=["+16135550107", "+442079460007"],
            carrier_name="Télécom, Exemple & Co.",
            spid="9A04",
            pon="PON 1,2",
            foc_date=datetime(2026, 6, 4, tzinfo=UTC),
        )
    return world


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(create_app(world)) as client:
        yield client


async def read_all(client: httpx.AsyncClient, path: str, filters: list[tuple[str, str]], size: int) -> list[Row]:
    rows: list[Row] = []
    number = 1
    while True:
        page = [("page[number]", str(number)), ("page[size]", str(size))]
        answer = await client.get(path, params=[*filters, *page])
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows += body["data"]
        meta = body["meta"]
        assert meta["page_number"] == number
        assert meta["page_size"] == size
        assert meta["total_pages"] == -(-meta["total_results"] // size)
        if number >= meta["total_pages"]:
            assert len(rows) == meta["total_results"]
            return rows
        number += 1


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def has_country(*codes: str) -> Test:
    return lambda order: any(country_of(number) in codes for number in order["phone_numbers"])


ORDER_FILTERS: list[tuple[str, list[tuple[str, str]], Test]] = [
    ("nothing", [], lambda _: True),
    *(
        (status, [("filter[status]", status)], lambda order, status=status: order["status"] == status)
        for status in STATUSES
    ),
    (
        "status_in with commas",
        [("filter[status_in]", "pending,authorized")],
        lambda order: order["status"] in {"pending", "authorized"},
    ),
    (
        "status_in with brackets",
        [("filter[status_in][]", "canceled"), ("filter[status_in][]", "rejected-pending")],
        lambda order: order["status"] in {"canceled", "rejected-pending"},
    ),
    (
        "status_in with indices",
        [("filter[status_in][0]", "ported"), ("filter[status_in][1]", "rejected")],
        lambda order: order["status"] in {"ported", "rejected"},
    ),
    (
        "status_in with repeated keys",
        [("filter[status_in]", "pending"), ("filter[status_in]", "rejected")],
        lambda order: order["status"] in {"pending", "rejected"},
    ),
    (
        "status and status_in",
        [("filter[status]", "ported"), ("filter[status_in]", "pending,authorized")],
        lambda _: False,
    ),
    ("country_code", [("filter[country_code]", "CA")], has_country("CA")),
    ("country_code_in", [("filter[country_code_in]", "IE,GB")], has_country("IE", "GB")),
    ("country_code_in with brackets", [("filter[country_code_in][]", "DE")], has_country("DE")),
    ("spid", [("filter[spid]", "9A01")], lambda order: order["spid"] == "9A01"),
    (
        "carrier_name",
        [("filter[carrier_name]", "Télécom, Exemple & Co.")],
        lambda order: order["carrier_name"] == "Télécom, Exemple & Co.",
    ),
    ("pon", [("filter[pon]", "PON 1,2")], lambda order: order["pon"] == "PON 1,2"),
    ("pon of nobody", [("filter[pon]", "nobody's")], lambda _: False),
    (
        "foc_date with a time",
        [("filter[foc_date]", "2026-06-04T15:30:00Z")],
        lambda order: (order["foc_date"] or "")[:10] == "2026-06-04",
    ),
    (
        "foc_date in another zone",
        [("filter[foc_date]", "2026-03-11T23:30:00-05:00")],
        lambda order: (order["foc_date"] or "")[:10] == "2026-03-12",
    ),
    (
        "phone_number",
        [("filter[phone_number]", "+16135550107")],
        lambda order: "+16135550107" in order["phone_numbers"],
    ),
    (
        "inserted_at from",
        [("filter[inserted_at][gte]", "2026-04-01T00:00:00Z")],
        lambda order: at(order["inserted_at"]) >= datetime(2026, 4, 1, tzinfo=UTC),
    ),
    (
        "inserted_at to, as a date",
        [("filter[inserted_at][lte]", "2025-03-01")],
        lambda order: at(order["inserted_at"]) <= datetime(2025, 3, 1, tzinfo=UTC),
    ),
    (
        "inserted_at between, in another zone, and a status",
        [
            ("filter[inserted_at][gte]", "2025-06-01T02:00:00.000+02:00"),
            ("filter[inserted_at][lte]", "2026-01-01T00:00:00.5Z"),
            ("filter[status]", "rejected"),
        ],
        lambda order: (
            order["status"] == "rejected"
            and datetime(2025, 6, 1, tzinfo=UTC) <= at(order["inserted_at"])
            and at(order["inserted_at"]) <= datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
        ),
    ),
    (
        "a range that is empty",
        [("filter[inserted_at][gte]", "2026-02-01"), ("filter[inserted_at][lte]", "2026-01-01")],
        lambda _: False,
    ),
]


@pytest.mark.parametrize(("filters", "test"), [row[1:] for row in ORDER_FILTERS], ids=[row[0] for row in ORDER_FILTERS])
async def test_a_filtered_order_list_has_exactly_the_orders_that_pass(
    world: World, client: httpx.AsyncClient, filters: list[tuple[str, str]], test: Test
) -> None:
    assert await read_all(client, "/portouts", filters, 250) == [row for row in world.orders() if test(row)]


async def test_every_order_is_found_by_its_support_key(world: World, client: httpx.AsyncClient) -> None:
    key = world.orders()[17]["support_key"]
    found = await read_all(client, "/portouts", [("filter[support_key]", key)], 20)
    assert found == [order for order in world.orders() if order["support_key"] == key]


@pytest.mark.parametrize("since", [datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
async def test_ported_out_at_is_inclusive_and_never_returned(
    world: World, client: httpx.AsyncClient, since: datetime
) -> None:
    ported_at = {order["id"]: world.ported_out_at(order["id"]) for order in world.orders()}
    instants = sorted(when for when in ported_at.values() if when)
    first, last = instants[5], instants[-5]
    filters = [
        ("filter[ported_out_at][gte]", first.isoformat()),
        ("filter[ported_out_at][lte]", last.isoformat()),
        ("filter[inserted_at][gte]", since.isoformat()),
    ]
    found = await read_all(client, "/portouts", filters, 100)
    assert found == [
        order
        for order in world.orders()
        if at(order["inserted_at"]) >= since and (when := ported_at[order["id"]]) and first <= when <= last
    ]
    assert not any("ported_out_at" in order for order in found)


async def test_orders_filtered_by_ported_out_at_alone_are_sorted_by_insertion(
    world: World, client: httpx.AsyncClient
) -> None:
    ported = [order for order in world.orders() if world.ported_out_at(order["id"])]
    found = await read_all(client, "/portouts", [("filter[ported_out_at][lte]", world.now.isoformat())], 250)
    assert found == ported


async def test_a_range_includes_its_bounds(world: World, client: httpx.AsyncClient) -> None:
    instant = world.orders()[40]["inserted_at"]
    filters = [("filter[inserted_at][gte]", instant), ("filter[inserted_at][lte]", instant)]
    found = await read_all(client, "/portouts", filters, 20)
    assert found == [order for order in world.orders() if at(order["inserted_at"]) == at(instant)]
    assert found


@pytest.mark.parametrize("size", [1, 7, 250])
async def test_pages_of_any_size_hold_the_same_rows(client: httpx.AsyncClient, size: int) -> None:
    filters = [("filter[inserted_at][gte]", "2026-05-20T00:00:00Z")]
    assert await read_all(client, "/portouts", filters, size) == await read_all(client, "/portouts", filters, 20)


async def test_a_page_has_twenty_rows_by_default(client: httpx.AsyncClient) -> None:
    body = (await client.get("/portouts")).json()
    assert len(body["data"]) == body["meta"]["page_size"] == 20
    assert body["meta"]["page_number"] == 1


async def test_a_page_past_the_end_is_empty_and_no_error(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/portouts", params={"page[number]": "999"})
    assert answer.status_code == 200
    total = len(world.orders())
    meta = {"total_pages": -(-total // 20), "total_results": total, "page_number": 999, "page_size": 20}
    assert answer.json() == {"data": [], "meta": meta}


EVENT_FILTERS: list[tuple[str, list[tuple[str, str]], Test]] = [
    ("nothing", [], lambda _: True),
    *(
        (name, [("filter[event_type]", name)], lambda event, name=name: event["event_type"] == name)
        for name in ("portout.status_changed", "portout.foc_date_changed", "portout.new_comment")
    ),
    (
        "created_at between",
        [
            ("filter[created_at][gte]", "2025-07-01T00:00:00Z"),
            ("filter[created_at][lte]", "2025-09-01T00:00:00Z"),
        ],
        lambda event: "2025-07-01" <= event["created_at"] <= "2025-09-01",
    ),
    (
        "created_at and event_type",
        [
            ("filter[created_at][gte]", "2026-02-01T00:00:00Z"),
            ("filter[event_type]", "portout.foc_date_changed"),
        ],
        lambda event: event["created_at"] >= "2026-02-01" and event["event_type"] == "portout.foc_date_changed",
    ),
]


@pytest.mark.parametrize(("filters", "test"), [row[1:] for row in EVENT_FILTERS], ids=[row[0] for row in EVENT_FILTERS])
async def test_a_filtered_event_list_has_exactly_the_events_that_pass(
    world: World, client: httpx.AsyncClient, filters: list[tuple[str, str]], test: Test
) -> None:
    assert await read_all(client, "/portouts/events", filters, 250) == [row for row in world.events() if test(row)]


async def test_the_events_of_one_order_are_found_by_its_id(world: World, client: httpx.AsyncClient) -> None:
    portout_id = world.orders()[100]["id"]
    found = await read_all(client, "/portouts/events", [("filter[portout_id]", portout_id.upper())], 20)
    assert found == [event for event in world.events() if event["portout_id"] == portout_id]
    assert found


async def test_a_single_row_has_no_meta(world: World, client: httpx.AsyncClient) -> None:
    order, event = world.orders()[3], world.events()[3]
    assert (await client.get(f"/portouts/{order['id']}")).json() == {"data": order}
    assert (await client.get(f"/portouts/events/{event['id']}")).json() == {"data": event}


async def test_comments_documents_and_rejection_codes_of_an_order(world: World, client: httpx.AsyncClient) -> None:
    portout_id = world.orders()[0]["id"]
    comments = (await client.get(f"/portouts/{portout_id}/comments")).json()
    assert comments["data"] == []
    assert comments["meta"]["total_results"] == 0
    documents = await client.get(f"/portouts/{portout_id}/supporting_documents")
    assert (documents.status_code, documents.json()) == (201, {"data": []})
    rejections = (await client.get(f"/portouts/rejections/{portout_id}")).json()
    assert rejections.keys() == {"data"}
    assert {"code": 1002, "description": "Invalid PIN", "reason_required": False} in rejections["data"]
    for style in ({"filter[code]": "1001,1002"}, {"filter[code][in][]": ["1001", "1002"]}):
        some = (await client.get(f"/portouts/rejections/{portout_id}", params=style)).json()
        assert [row["code"] for row in some["data"]] == [1001, 1002]


async def test_an_unknown_parameter_is_ignored(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/portouts", params={"sort": "inserted_at"})
    assert answer.json()["data"] == world.orders()[:20]


ERRORS = [
    ("page size above the limit", "GET", "/portouts?page[size]=251", 422, "10033"),
    ("page size of nothing", "GET", "/portouts?page[size]=0", 422, "10033"),
    ("page size in words", "GET", "/portouts/events?page[size]=many", 422, "10033"),
    ("page number of nothing", "GET", "/portouts?page[number]=0", 422, "10033"),
    ("page number below", "GET", "/portouts?page[number]=-1", 422, "10033"),
    ("unknown status", "GET", "/portouts?filter[status]=done", 422, "10032"),
    ("one unknown status among known", "GET", "/portouts?filter[status_in]=pending,done", 422, "10032"),
    ("unknown event type", "GET", "/portouts/events?filter[event_type]=portout.done", 422, "10032"),
    ("unknown filter", "GET", "/portouts?filter[updated_at][gte]=2026-01-01T00:00:00Z", 422, "10031"),
    ("unknown range bound", "GET", "/portouts?filter[inserted_at][gt]=2026-01-01T00:00:00Z", 422, "10031"),
    ("unknown event filter", "GET", "/portouts/events?filter[status]=pending", 422, "10031"),
    ("unreadable instant", "GET", "/portouts?filter[inserted_at][gte]=yesterday", 422, "10031"),
    (
        "plus sign not encoded",
        "GET",
        "/portouts?filter[inserted_at][gte]=2026-01-01T00:00:00+00:00",
        422,
        "10031",
    ),
    ("unreadable day", "GET", "/portouts?filter[foc_date]=2026-02-30", 422, "10031"),
    ("id that is none", "GET", "/portouts/not-an-id", 422, "10006"),
    ("order of an event list that is none", "GET", "/portouts/events?filter[portout_id]=7", 422, "10006"),
    ("unknown order", "GET", f"/portouts/{uuid4()}", 404, "10005"),
    ("unknown event", "GET", f"/portouts/events/{uuid4()}", 404, "10005"),
    ("comments of an unknown order", "GET", f"/portouts/{uuid4()}/comments", 404, "10005"),
    ("rejections of an unknown order", "GET", f"/portouts/rejections/{uuid4()}", 404, "10005"),
    ("answer to an unknown order", "PATCH", f"/portouts/{uuid4()}/authorized", 404, "10005"),
    ("unknown path", "GET", "/porting_orders", 404, "10005"),
    ("old singular path", "GET", "/portout/events", 404, "10005"),
    ("slash at the end", "GET", "/portouts/", 404, "10005"),
    ("method that is not allowed", "DELETE", "/portouts", 405, "10015"),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS]
)
async def test_an_invalid_request_gets_the_status_and_the_error_of_telnyx(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, BASE_URL + path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"errors"}
    assert [error["code"] for error in body["errors"]] == [code]
    assert all(error["title"] and error["detail"] for error in body["errors"])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer KEY_WRONG"}, {"Authorization": KEY}])
async def test_without_the_key_every_request_is_rejected(world: World, headers: dict[str, str]) -> None:
    async with connect(create_app(world), headers) as client:
        for path in ("/portouts", "/portouts/events", "/nowhere"):
            answer = await client.get(path)
            assert answer.status_code == 401
            assert answer.json()["errors"][0]["code"] == "10009"
            assert KEY not in answer.text


async def test_events_can_be_forbidden(world: World) -> None:
    async with connect(create_app(world, events=False)) as client:
        for path in ("/portouts/events", f"/portouts/events/{uuid4()}"):
            answer = await client.get(path)
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["code"] == "10010"
        assert (await client.get("/portouts")).status_code == 200


async def test_requests_are_logged_as_method_and_path(world: World) -> None:
    app = create_app(world)
    async with connect(app) as client:
        await client.get("/portouts", params={"page[size]": "1"})
        await client.get("/nowhere")
        await client.get("http://sandbox/sandbox/clock")
    assert app.state.requests == ["GET /portouts", "GET /nowhere"]


async def test_the_rate_limit_is_stated_in_headers_and_enforced(world: World) -> None:
    async with connect(create_app(world, rate_limit=1)) as client:
        answers = [await client.get("/portouts", params={"page[size]": "1"}) for _ in range(30)]
    assert {"200", "429"} == {str(answer.status_code) for answer in answers}
    for answer in answers:
        assert answer.headers["x-ratelimit-limit"] == "1"
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.headers["x-ratelimit-reset"] == "1"
    rejected = next(answer for answer in answers if answer.status_code == 429)
    assert rejected.json()["errors"][0]["code"] == "10011"


def test_the_rate_limit_starts_again_every_second() -> None:
    instants = iter([100.0, 100.4, 100.9, 101.0, 101.0, 101.9, 105.0])
    limit = RateLimit(2, clock=lambda: next(instants))
    allowed = [limit.acquire()[0] for _ in range(7)]
    assert allowed == [True, True, False, True, True, False, True]


async def test_an_authorization_by_patch_shows_in_the_order_the_lists_and_the_events() -> None:
    world = World(30)
    portout_id = world.add_order(requested_foc_date=datetime(2026, 6, 9, tzinfo=UTC))
    world.advance(timedelta(hours=2))
    async with connect(create_app(world)) as client:
        answer = await client.patch(f"/portouts/{portout_id}/authorized")
        assert answer.status_code == 200
        order = answer.json()["data"]
        assert order["status"] == "authorized"
        assert order["foc_date"] == order["requested_foc_date"]
        assert order["updated_at"] == "2026-06-01T02:00:00.000Z"
        assert (await client.get(f"/portouts/{portout_id}")).json()["data"] == order == world.order(portout_id)
        authorized = await read_all(client, "/portouts", [("filter[status]", "authorized")], 250)
        assert order in authorized
        events = await read_all(client, "/portouts/events", [("filter[portout_id]", portout_id)], 20)
    assert [event["payload"]["status"] for event in events] == ["authorized", "pending"]
    assert world.transitions()[-1] == (portout_id, "authorized", world.now)


async def test_a_rejection_by_patch_stores_reason_code_and_host_messaging() -> None:
    world = World(30)
    portout_id = world.add_order()
    body = {"reason": "Not ours – désolé", "rejection_code": 1003, "host_messaging": True}
    async with connect(create_app(world)) as client:
        answer = await client.patch(f"/portouts/{portout_id}/rejected-pending", json=body)
        assert answer.status_code == 200
        assert answer.json()["data"].items() >= {"status": "rejected-pending", **body}.items()
        again = await client.patch(f"/portouts/{portout_id}/authorized")
    assert again.status_code == 422
    assert again.json()["errors"][0]["code"] == "10027"
    assert world.order(portout_id)["status"] == "rejected-pending"
    assert world.events()[0]["payload"]["rejection_reason"] == "Not ours – désolé"


@pytest.mark.parametrize(
    ("target", "body", "status", "code"),
    [
        ("rejected-pending", b"", 422, "10004"),
        ("rejected-pending", b'{"reason": ""}', 422, "10004"),
        ("rejected-pending", b'{"reason": null, "rejection_code": 1001}', 422, "10004"),
        ("rejected-pending", b'{"reason": 7}', 400, "10015"),
        ("authorized", b'{"reason": "', 400, "10015"),
        ("authorized", b"[]", 400, "10015"),
        ("authorized", b'{"host_messaging": "yes"}', 400, "10015"),
        ("ported", b"{}", 422, "10032"),
    ],
)
async def test_an_invalid_answer_changes_nothing(target: str, body: bytes, status: int, code: str) -> None:
    world = World(5)
    portout_id = world.add_order()
    async with connect(create_app(world)) as client:
        answer = await client.patch(f"/portouts/{portout_id}/{target}", content=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code
    assert world.order(portout_id)["status"] == "pending"


async def test_a_rejection_for_a_wrong_pin_needs_no_reason() -> None:
    world = World(5)
    portout_id = world.add_order()
    async with connect(create_app(world)) as client:
        path = f"/portouts/{portout_id}/rejected-pending"
        assert (await client.patch(path, json={"rejection_code": 1002})).status_code == 200
    assert world.order(portout_id)["rejection_code"] == 1002


async def test_a_new_order_shifts_the_pages_of_a_list() -> None:
    world = World(60)
    async with connect(create_app(world)) as client:
        first = (await client.get("/portouts")).json()
        new_order = world.add_order()
        second = (await client.get("/portouts", params={"page[number]": "2"})).json()
    assert second["data"][0] == first["data"][-1]  # the new order has moved it to the next page
    assert second["meta"]["total_results"] == first["meta"]["total_results"] + 1
    assert new_order not in {order["id"] for order in first["data"] + second["data"]}


async def test_the_clock_can_be_read_and_moved_over_http() -> None:
    world = World(50)
    async with connect(create_app(world), {}) as client:
        url = "http://sandbox/sandbox/clock"
        assert (await client.get(url)).json() == {"now": "2026-06-01T00:00:00.000Z"}
        assert (await client.post(url, json={"days": 30})).json() == {"now": "2026-07-01T00:00:00.000Z"}
        target = {"now": "2026-07-02T10:00:00Z"}
        assert (await client.post(url, json=target)).json() == {"now": "2026-07-02T10:00:00.000Z"}
        for invalid in (
            {"now": "2026-01-01T00:00:00Z"},
            {"days": -1},
            {"moons": 1},
            {"days": "x"},
            {"now": 7},
            [1],
            "x",
        ):
            answer = await client.post(url, json=invalid)
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["code"] == "10015"
    assert world.now == datetime(2026, 7, 2, 10, tzinfo=UTC)


async def test_the_clock_runs_as_fast_as_another_one_from_the_instant_to_which_it_is_moved() -> None:
    machine = datetime(2026, 6, 1, tzinfo=UTC)
    world = World(50, now=machine)
    async with connect(create_app(world, clock=lambda: machine)) as client:
        answers = [await client.get("/portouts")]
        machine += timedelta(minutes=7)
        answers.append(await client.get("/portouts"))
        await client.post("http://sandbox/sandbox/clock", json={"days": 30})
        machine += timedelta(minutes=7)
        answers.append(await client.get("/portouts"))
        machine -= timedelta(days=1)
        answers.append(await client.get("/portouts"))
    assert [answer.headers["date"] for answer in answers] == [
        "Mon, 01 Jun 2026 00:00:00 GMT",
        "Mon, 01 Jun 2026 00:07:00 GMT",
        "Wed, 01 Jul 2026 00:14:00 GMT",
        "Wed, 01 Jul 2026 00:14:00 GMT",
    ]


def test_the_official_sdk_reads_all_orders_and_events() -> None:
    world = World(250)
    app = create_app(world)
    with running(app) as base_url, Telnyx(api_key=KEY, base_url=base_url) as sdk:
        orders = [order.id for order in sdk.portouts.list(page_size=100)]
        some = [order.id for order in sdk.portouts.list(filter={"status_in": ["pending", "canceled"]})]
        events = [event.id for event in sdk.portouts.events.list(page_size=250)]
        one = sdk.portouts.retrieve(world.orders()[0]["id"])
    assert orders == [order["id"] for order in world.orders()]
    assert some == [order["id"] for order in world.orders() if order["status"] in {"pending", "canceled"}]
    assert events == [event["id"] for event in world.events()]
    assert one.data is not None
    assert one.data.id == orders[0]
    assert len(app.state.requests) == -(-len(orders) // 100) + -(-len(some) // 20) + -(-len(events) // 250) + 1


def test_a_server_stops_at_the_end_of_its_block(world: World) -> None:
    with running(create_app(world)) as first, running(create_app(world)) as second:
        assert first != second
        assert httpx.get(first + "/portouts", headers=HEADERS).status_code == 200
        assert httpx.get(second + "/portouts", headers=HEADERS).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(first + "/portouts", headers=HEADERS)
