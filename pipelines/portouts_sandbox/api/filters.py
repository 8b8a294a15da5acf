"""Query parameters as filters and pages: `filter[...]` and `page[...]`, as any of Telnyx's SDKs encodes them.

The surprise: arrays are encoded as `a,b`, as repeated keys, with `[]` or with `[0]`, and all mean the same. Of a scalar
that is sent twice, the last value counts. Other parameters are ignored, as the real API ignores some.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portouts_sandbox.story.timestamps import read_instant

from . import errors

STATUSES = frozenset({"pending", "authorized", "ported", "rejected", "rejected-pending", "canceled"})
EVENT_TYPES = frozenset({"portout.status_changed", "portout.foc_date_changed", "portout.new_comment"})
MAX_PAGE_SIZE = 250
_ARRAY_INDEX = re.compile(r"\[\d*\]$")

Parameters = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """One page of a list; the first has number 1."""

    number: int = 1
    size: int = 20


@dataclass(frozen=True)
class TimeRange:
    """A range of instants that includes its bounds; None means no bound."""

    first: datetime | None = None
    last: datetime | None = None

    def contains(self, at: datetime) -> bool:
        """Return whether an instant lies in the range."""
        return (self.first is None or self.first <= at) and (self.last is None or at <= self.last)


@dataclass(frozen=True)
class OrderFilters:
    """The filters of `GET /portouts`. An order must pass all of them; None passes every order."""

    inserted_at: TimeRange | None = None
    ported_out_at: TimeRange | None = None
    statuses: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    phone_number: str | None = None
    support_key: str | None = None
    carrier_name: str | None = None
    spid: str | None = None
    pon: str | None = None
    foc_on: str | None = None


@dataclass(frozen=True)
class EventFilters:
    """The filters of `GET /portouts/events`; None passes every event."""

    created_at: TimeRange | None = None
    event_types: frozenset[str] | None = None
    portout_id: str | None = None


def read_page(parameters: Parameters) -> Page:
    """Return the requested page; 422 if it is outside the limits."""
    values = dict(parameters)
    return Page(
        number=_whole_number(values, "page[number]", 1, None),
        size=_whole_number(values, "page[size]", 20, MAX_PAGE_SIZE),
    )


def read_order_filters(parameters: Parameters) -> OrderFilters:
    """Return the filters of an order list; 422 for unknown names and invalid values."""
    values = _Filters(parameters)
    filters = OrderFilters(
        inserted_at=values.time_range("inserted_at"),
        ported_out_at=values.time_range("ported_out_at"),
        statuses=_intersection(values.scalar("status", STATUSES), values.array("status_in", STATUSES)),
        countries=_intersection(values.scalar("country_code"), values.array("country_code_in")),
        phone_number=values.text("phone_number"),
        support_key=values.text("support_key"),
        carrier_name=values.text("carrier_name"),
        spid=values.text("spid"),
        pon=values.text("pon"),
        foc_on=values.day("foc_date"),
    )
    values.reject_unknown()
    return filters


def read_event_filters(parameters: Parameters) -> EventFilters:
    """Return the filters of an event list; 422 for unknown names and invalid values."""
    values = _Filters(parameters)
    portout_id = values.text("portout_id")
    filters = EventFilters(
        created_at=values.time_range("created_at"),
        event_types=values.scalar("event_type", EVENT_TYPES),
        portout_id=None if portout_id is None else read_id(portout_id),
    )
    values.reject_unknown()
    return filters


def read_codes(parameters: Parameters) -> frozenset[str] | None:
    """Return the requested rejection codes; None means all."""
    values = _Filters(parameters)
    codes = _intersection(values.array("code"), values.array("code][in"))
    values.reject_unknown()
    return codes


def read_id(text: str) -> str:
    """Return a UUID in its usual format; 422 if the text is not a UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        raise errors.invalid_id(text) from None


class _Filters:
    """The `filter[...]` parameters of one request. Reading one removes it, so those that are left are unknown."""

    def __init__(self, parameters: Parameters) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parameters:
            if name.startswith("filter["):
                self._values.setdefault(_ARRAY_INDEX.sub("", name), []).append(value)

    def text(self, name: str) -> str | None:
        values = self._values.pop(f"filter[{name}]", None)
        return values[-1] if values else None

    def scalar(self, name: str, known: frozenset[str] | None = None) -> frozenset[str] | None:
        text = self.text(name)
        return None if text is None else _require_known(name, frozenset({text}), known)

    def array(self, name: str, known: frozenset[str] | None = None) -> frozenset[str] | None:
        values = self._values.pop(f"filter[{name}]", None)
        return None if values is None else _require_known(name, frozenset(",".join(values).split(",")), known)

    def time_range(self, name: str) -> TimeRange | None:
        first, last = self._instant(f"{name}][gte"), self._instant(f"{name}][lte")
        return None if first is last is None else TimeRange(first, last)

    def day(self, name: str) -> str | None:
        at = self._instant(name)
        return at.date().isoformat() if at else None

    def reject_unknown(self) -> None:
        for name in self._values:
            raise errors.invalid_filter(name, f"'{name}' is not a known filter.")

    def _instant(self, name: str) -> datetime | None:
        text = self.text(name)
        try:
            return None if text is None else read_instant(text)
        except ValueError:
            raise errors.invalid_filter(f"filter[{name}]", f"'{text}' is not an ISO 8601 date-time.") from None


def _require_known(name: str, chosen: frozenset[str], known: frozenset[str] | None) -> frozenset[str]:
    for choice in sorted(chosen - known if known is not None else ()):
        raise errors.invalid_choice(f"filter[{name}]", choice, known or frozenset())
    return chosen


def _intersection(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return other if one is None else one if other is None else one & other


def _whole_number(values: dict[str, str], name: str, default: int, most: int | None) -> int:
    text = values.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1 or (most and int(text) > most):
        raise errors.out_of_range(name, text, f"between 1 and {most}" if most else "from 1 upwards")
    return int(text)
