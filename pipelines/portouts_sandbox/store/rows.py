"""Rows of the two lists: an order or an event is its JSON, plus the fields by which it can be filtered.

The JSON is the only full copy, so that a page is a join of bytes and 100,000 orders take little memory.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import orjson

from portouts_sandbox.story.lifecycle import Step
from portouts_sandbox.story.numbering import country_of
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import read_instant


class Comment(NamedTuple):
    """One comment on an order, as the API shows it."""

    json: bytes


class Order:
    """One order: what the API shows (after the first `show`), what it never shows, and the steps still to come."""

    __slots__ = (
        "carrier_name",
        "comments",
        "countries",
        "foc_on",
        "has_events",
        "id",
        "inserted_at",
        "json",
        "phone_numbers",
        "pon",
        "ported_at",
        "spid",
        "status",
        "steps",
        "support_key",
        "transitions",
        "visible_at",
    )

    def __init__(self, fields: Fields, visible_at: datetime, *, has_events: bool) -> None:
        self.visible_at = visible_at
        self.has_events = has_events
        self.id: str = fields["id"]
        self.inserted_at = read_instant(fields["inserted_at"])
        self.ported_at: datetime | None = None
        self.steps: tuple[Step, ...] = ()
        self.transitions: tuple[tuple[str, datetime], ...] = ()
        self.comments: tuple[Comment, ...] = ()

    def show(self, fields: Fields) -> None:
        """Replace what the API shows."""
        self.json = _to_json(fields)
        self.status = fields["status"]
        self.carrier_name = fields["carrier_name"]
        self.spid = fields["spid"]
        self.pon = fields["pon"]
        self.foc_on = fields["foc_date"][:10] if fields["foc_date"] else None
        self.phone_numbers = tuple(fields["phone_numbers"] or ())
        self.countries = _countries_of(self.phone_numbers)
        self.support_key = fields["support_key"]

    def record_status(self, status: str, at: datetime) -> None:
        """Record that the order took a status at an instant."""
        self.transitions += ((status, at),)
        self.ported_at = at if status == "ported" else None

    def record_comment(self, comment: Fields) -> None:
        """Record a comment on the order, as the API shows it."""
        self.comments += (Comment(_to_json(comment)),)

    def fields(self) -> Fields:
        """Return a fresh copy of what the API shows."""
        fields: Fields = orjson.loads(self.json)
        return fields

    @property
    def sort_key(self) -> tuple[datetime, str]:
        """Return the key that sorts orders from oldest to newest."""
        return self.inserted_at, self.id


class Event:
    """One event: what the API shows, and the fields by which it can be filtered."""

    __slots__ = ("created_at", "event_type", "id", "json", "portout_id")

    def __init__(self, fields: Fields, created_at: datetime) -> None:
        self.id: str = fields["id"]
        self.event_type: str = fields["event_type"]
        self.portout_id: str = fields["portout_id"]
        self.created_at = created_at
        self.show(fields)

    def show(self, fields: Fields) -> None:
        """Replace what the API shows."""
        self.json = _to_json(fields)

    def fields(self) -> Fields:
        """Return a fresh copy of what the API shows."""
        fields: Fields = orjson.loads(self.json)
        return fields

    @property
    def sort_key(self) -> tuple[datetime, str]:
        """Return the key that sorts events from oldest to newest; events of one order at one instant are equal."""
        return self.created_at, self.portout_id


def _to_json(fields: Fields) -> bytes:
    return bytes(memoryview(orjson.dumps(fields)))  # a copy: orjson allocates kilobytes more than its result needs


_COUNTRY_SETS: dict[frozenset[str | None], frozenset[str | None]] = {}


def _countries_of(phone_numbers: tuple[str, ...]) -> frozenset[str | None]:
    countries = frozenset(map(country_of, phone_numbers))
    return _COUNTRY_SETS.setdefault(countries, countries)  # all orders share a few sets
