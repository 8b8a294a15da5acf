"""Query parameters -> what is asked for: `filter[...]` and `page[...]`, as any of Telnyx's SDKs spells them.

The surprise is in the arrays: `a,b`, repeated keys, `[]` and `[0]` all occur, and all mean the same. A scalar
sent twice means its last value. Parameters other than these two are ignored, as the real API ignores some.
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
    """Which slice of a list is asked for, 1-based."""

    number: int = 1
    size: int = 20


@dataclass(frozen=True)
class Span:
    """A closed range of instants; None is open."""

    first: datetime | None = None
    last: datetime | None = None

    def contains(self, at: datetime) -> bool:
        """Tell whether an instant lies in the range, bounds included."""
        return (self.first is None or self.first <= at) and (self.last is None or at <= self.last)


@dataclass(frozen=True)
class OrderFilters:
    """What `GET /portouts` can filter by; None asks for nothing, all others must hold together."""

    inserted_at: Span | None = None
    ported_out_at: Span | None = None
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
    """What `GET /portouts/events` can filter by."""

    created_at: Span | None = None
    event_types: frozenset[str] | None = None
    portout_id: str | None = None


def read_page(parameters: Parameters) -> Page:
    """Return the page that is asked for; 422 outside the limits."""
    values = dict(parameters)
    return Page(
        number=_whole_number(values, "page[number]", 1, None),
        size=_whole_number(values, "page[size]", 20, MAX_PAGE_SIZE),
    )


def read_order_filters(parameters: Parameters) -> OrderFilters:
    """Return the filters of an order list; 422 for unknown names and unreadable values."""
    values = _Filters(parameters)
    filters = OrderFilters(
        inserted_at=values.span("inserted_at"),
        ported_out_at=values.span("ported_out_at"),
        statuses=_both(values.one("status", STATUSES), values.some("status_in", STATUSES)),
        countries=_both(values.one("country_code"), values.some("country_code_in")),
        phone_number=values.text("phone_number"),
        support_key=values.text("support_key"),
        carrier_name=values.text("carrier_name"),
        spid=values.text("spid"),
        pon=values.text("pon"),
        foc_on=values.day("foc_date"),
    )
    values.refuse_the_rest()
    return filters


def read_event_filters(parameters: Parameters) -> EventFilters:
    """Return the filters of an event list; 422 for unknown names and unreadable values."""
    values = _Filters(parameters)
    portout_id = values.text("portout_id")
    filters = EventFilters(
        created_at=values.span("created_at"),
        event_types=values.one("event_type", EVENT_TYPES),
        portout_id=None if portout_id is None else read_id(portout_id),
    )
    values.refuse_the_rest()
    return filters


def read_codes(parameters: Parameters) -> frozenset[str] | None:
    """Return the rejection codes that are asked for, None for all."""
    values = _Filters(parameters)
    codes = _both(values.some("code"), values.some("code][in"))
    values.refuse_the_rest()
    return codes


def read_id(text: str) -> str:
    """Return a UUID in its usual spelling; 422 if it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        raise errors.invalid_id(text) from None


class _Filters:
    """The `filter[...]` parameters of one request; reading one takes it, what is left over is unknown."""

    def __init__(self, parameters: Parameters) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parameters:
            if name.startswith("filter["):
                self._values.setdefault(_ARRAY_INDEX.sub("", name), []).append(value)

    def text(self, name: str) -> str | None:
        values = self._values.pop(f"filter[{name}]", None)
        return values[-1] if values else None

    def one(self, name: str, known: frozenset[str] | None = None) -> frozenset[str] | None:
        text = self.text(name)
        return None if text is None else _checked(name, frozenset({text}), known)

    def some(self, name: str, known: frozenset[str] | None = None) -> frozenset[str] | None:
        values = self._values.pop(f"filter[{name}]", None)
        return None if values is None else _checked(name, frozenset(",".join(values).split(",")), known)

    def span(self, name: str) -> Span | None:
        first, last = self._instant(f"{name}][gte"), self._instant(f"{name}][lte")
        return None if first is last is None else Span(first, last)

    def day(self, name: str) -> str | None:
        at = self._instant(name)
        return at.date().isoformat() if at else None

    def refuse_the_rest(self) -> None:
        for name in self._values:
            raise errors.invalid_filter(name, f"'{name}' is not a known filter.")

    def _instant(self, name: str) -> datetime | None:
        text = self.text(name)
        try:
            return None if text is None else read_instant(text)
        except ValueError:
            raise errors.invalid_filter(f"filter[{name}]", f"'{text}' is not an ISO 8601 date-time.") from None


def _checked(name: str, chosen: frozenset[str], known: frozenset[str] | None) -> frozenset[str]:
    for choice in sorted(chosen - known if known is not None else ()):
        raise errors.invalid_choice(f"filter[{name}]", choice, known or frozenset())
    return chosen


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return other if one is None else one if other is None else one & other


def _whole_number(values: dict[str, str], name: str, default: int, most: int | None) -> int:
    text = values.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1 or (most and int(text) > most):
        raise errors.out_of_range(name, text, f"between 1 and {most}" if most else "from 1 upwards")
    return int(text)
