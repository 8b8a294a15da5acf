"""The port-out routes of the API. Every response is `{"data": ...}`; lists also have `meta`.

The surprise: the body of a list is joined from the JSON of its rows, and never built as an object.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portouts_sandbox.store.rows import Event, Order
from portouts_sandbox.world import ANSWERS, AnswerRefused, World

from . import errors
from .filters import Page, read_codes, read_event_filters, read_id, read_order_filters, read_page
from .index import Index, Row, page_of

REJECTION_CODES = (  # Telnyx documents only the first two
    {"code": 1001, "description": "Other", "reason_required": True},
    {"code": 1002, "description": "Invalid PIN", "reason_required": False},
    {"code": 1003, "description": "Account number mismatch", "reason_required": False},
    {"code": 1004, "description": "Service address mismatch", "reason_required": False},
)
NORTH_AMERICAN_CODES = frozenset({1002, 1004})  # only numbers of the United States and Canada have a PIN


class PortoutApi:
    """Answers requests with the rows of a world."""

    def __init__(self, world: World, *, has_events: bool) -> None:
        self._world, self._has_events, self._index = world, has_events, Index(world.store)

    def routes(self) -> list[Route]:
        """Return the routes below `/v2`; fixed paths come before paths with an id."""
        return [
            Route("/portouts", self.list_orders),
            Route("/portouts/events", self.list_events),
            Route("/portouts/events/{id}", self.show_event),
            Route("/portouts/rejections/{id}", self.list_rejections),
            Route("/portouts/{id}", self.show_order),
            Route("/portouts/{id}/comments", self.list_comments),
            Route("/portouts/{id}/supporting_documents", self.list_documents),
            Route("/portouts/{id}/{status}", self.answer_order, methods=["PATCH"]),
        ]

    async def list_orders(self, request: Request) -> Response:
        """GET /portouts."""
        parameters = request.query_params.multi_items()
        page, filters = read_page(parameters), read_order_filters(parameters)
        with self._world.lock:
            return list_response(self._index.orders(filters), page)

    async def list_events(self, request: Request) -> Response:
        """GET /portouts/events."""
        self._require_events()
        parameters = request.query_params.multi_items()
        page, filters = read_page(parameters), read_event_filters(parameters)
        with self._world.lock:
            return list_response(self._index.events(filters), page)

    async def show_event(self, request: Request) -> Response:
        """GET /portouts/events/{id}."""
        self._require_events()
        event = self._world.store.events_by_id.get(read_id(request.path_params["id"]))
        if event is None:
            raise errors.not_found("The requested port-out event could not be found.")
        return _item_response(event)

    async def list_rejections(self, request: Request) -> Response:
        """GET /portouts/rejections/{id}, which has no `meta`."""
        order, codes = self._order_of(request), read_codes(request.query_params.multi_items())
        return _json_response({"data": [row for row in codes_of(order) if codes is None or str(row["code"]) in codes]})

    async def show_order(self, request: Request) -> Response:
        """GET /portouts/{id}."""
        return _item_response(self._order_of(request))

    async def list_comments(self, request: Request) -> Response:
        """GET /portouts/{id}/comments, newest first. No page is documented, but a list has pages."""
        page = read_page(request.query_params.multi_items())
        with self._world.lock:
            return list_response([*self._order_of(request).comments], page)

    async def list_documents(self, request: Request) -> Response:
        """GET /portouts/{id}/supporting_documents: always empty here. The reference documents 201 and no `meta`."""
        self._order_of(request)
        return _json_response({"data": []}, status=201)

    async def answer_order(self, request: Request) -> Response:
        """PATCH /portouts/{id}/{status}."""
        order, status = self._order_of(request), request.path_params["status"]
        if status not in ANSWERS:
            raise errors.invalid_choice("status", status, ANSWERS)
        answer = _read_answer(await request.body())
        code = answer["rejection_code"]
        if status == "rejected-pending" and not answer["reason"] and code in (None, 1001):
            raise errors.missing_parameter("A rejection needs a reason.", "/reason")
        try:
            self._world.answer(order.id, status, **answer)
        except AnswerRefused as refused:
            raise errors.unprocessable(f"{refused}.") from None
        return _item_response(order)

    def _order_of(self, request: Request) -> Order:
        order = self._world.store.orders_by_id.get(read_id(request.path_params["id"]))
        if order is None:
            raise errors.not_found("The requested port-out could not be found.")
        return order

    def _require_events(self) -> None:
        if not self._has_events:
            raise errors.forbidden("This key may not read port-out events.")


def codes_of(order: Order) -> list[dict[str, Any]]:
    """Return the codes with which an order may be rejected, which depend on its numbers."""
    is_north_american = not order.countries.isdisjoint({"US", "CA"})
    return [row for row in REJECTION_CODES if is_north_american or row["code"] not in NORTH_AMERICAN_CODES]


def _read_answer(body: bytes) -> dict[str, Any]:
    """Return the known fields of a PATCH body, None if they are missing; an empty body has none."""
    try:
        answer = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise errors.bad_request("The request body is not JSON.") from None
    if not isinstance(answer, dict):
        raise errors.bad_request("The request body is not a JSON object.")
    for name, kind in (("reason", str), ("host_messaging", bool), ("rejection_code", int)):
        if answer.get(name) is not None and type(answer[name]) is not kind:
            raise errors.bad_request(f"'{name}' has the wrong type.", f"/{name}")
    return {name: answer.get(name) for name in ("reason", "host_messaging", "rejection_code")}


def list_response(rows: list[Row], page: Page) -> Response:
    """Return one page of these rows, the last of which comes first."""
    meta = {
        "total_pages": -(-len(rows) // page.size),
        "total_results": len(rows),
        "page_number": page.number,
        "page_size": page.size,
    }
    data = b",".join([row.json for row in page_of(rows, page)])
    return _response(b'{"data":[' + data + b'],"meta":' + orjson.dumps(meta) + b"}")


def _item_response(row: Order | Event) -> Response:
    return _response(b'{"data":' + row.json + b"}")


def _json_response(content: dict[str, Any], status: int = 200) -> Response:
    return _response(orjson.dumps(content), status)


def _response(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")
