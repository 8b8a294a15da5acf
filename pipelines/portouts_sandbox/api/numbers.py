"""`GET /phone_numbers/slim`: the numbers of the account, with the filters and sort orders that Telnyx's SDK names.

Tags are shown if `include_tags` asks for them. The surprise: no filter takes a date, and the status that numbers show
as `port-pending` is `port_pending` in the filter.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portouts_sandbox.store.inventory import Number
from portouts_sandbox.story.holdings import tags_of
from portouts_sandbox.world import World

from . import errors
from .filters import Parameters, read_page
from .routes import list_response

STATUSES = frozenset(
    {
        "purchase-pending",
        "purchase-failed",
        "port_pending",
        "active",
        "deleted",
        "port-failed",
        "emergency-only",
        "ported-out",
        "port-out-pending",
    }
)
SORTS = frozenset({"purchased_at", "phone_number", "connection_name", "usage_payment_method"})
_FIELDS = {
    "filter[country_iso_alpha2]": "country_iso_alpha2",
    "filter[number_type][eq]": "phone_number_type",
    "filter[customer_reference]": "customer_reference",
    "filter[connection_id]": "connection_id",
}

Test = Callable[[Number], bool]


class NumberApi:
    """Answers requests with the inventory of a world."""

    def __init__(self, world: World, *, is_open: bool) -> None:
        self._world, self._is_open = world, is_open
        self._shown: list[Number] = []
        self._in_order: dict[str | None, list[Number]] = {}
        """The numbers shown now by the sort order that was asked for: a list of many pages is sorted once."""

    def routes(self) -> list[Route]:
        """Return the routes below `/v2`."""
        return [Route("/phone_numbers/slim", self.list_numbers)]

    async def list_numbers(self, request: Request) -> Response:
        """GET /phone_numbers/slim, newest first unless another order is asked for."""
        if not self._is_open:
            raise errors.forbidden("This key may not read phone numbers.")
        parameters = request.query_params.multi_items()
        page, tests = read_page(parameters), _tests(parameters)
        with self._world.lock:
            rows = self._sorted(dict(parameters).get("sort"))
            if tests:
                rows = [number for number in rows if all(test(number) for test in tests)]
            if dict(parameters).get("include_tags") == "true":
                rows = [_with_tags(number) for number in rows]
            return list_response(rows, page)

    def _sorted(self, sort: str | None) -> list[Number]:
        """Return all numbers, those to be shown first last."""
        shown = self._world.inventory.numbers()
        if shown is not self._shown:
            self._shown, self._in_order = shown, {}
        if sort not in self._in_order:
            self._in_order[sort] = _sorted(shown, sort)
        return self._in_order[sort]


def _with_tags(number: Number) -> Number:
    fields = {**number.fields, "tags": tags_of(number.fields["id"])}
    return Number(fields, orjson.dumps(fields))


def _sorted(rows: list[Number], sort: str | None) -> list[Number]:
    """Sort the rows so that those to be shown first are last."""
    if sort is None:
        return rows
    if sort not in SORTS:
        raise errors.invalid_choice("sort", sort, SORTS)
    return sorted(rows, key=lambda number: str(number.fields.get(sort) or ""), reverse=True)


def _tests(parameters: Parameters) -> list[Test]:
    values = {name: value for name, value in parameters if name.startswith("filter[")}
    return [_test(name, value) for name, value in values.items()]


def _test(name: str, value: str) -> Test:
    if name == "filter[status]":
        if value not in STATUSES:
            raise errors.invalid_choice(name, value, STATUSES)
        return _has("status", value.replace("_", "-"))
    if name == "filter[billing_group_id]":
        return _has("billing_group_id", None if value == "null" else value)
    if name == "filter[phone_number]":
        if len(value) < 3 or not value.lstrip("+").isdecimal():
            return lambda _number: False
        return lambda number: value.lstrip("+") in number.fields["phone_number"]
    if name in _FIELDS:
        return _has(_FIELDS[name], value)
    raise errors.invalid_filter(name, f"'{name}' is not a known filter.")


def _has(field: str, value: str | None) -> Test:
    return lambda number: number.fields[field] == value
