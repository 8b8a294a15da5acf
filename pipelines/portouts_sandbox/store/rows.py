"""Rows of the two lists: an order or event is its JSON, with what filters ask for kept beside it.

The JSON is the only full copy, so a page is a join of ready bytes and 100,000 orders stay small.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from portouts_sandbox.story.lifecycle import Step
from portouts_sandbox.story.numbering import country_of
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import read_instant


class Order:
    """One order: what the API shows (once stored), what is never shown, and the steps still to come."""

    __slots__ = (
        "carrier_name",
        "countries",
        "foc_on",
        "has_events",
        "id",
        "inserted_at",
        "json",
        "phone_numbers",
        "pon",
        "ported_at",
        "shown_at",
        "spid",
        "status",
        "steps",
        "support_key",
        "transitions",
    )

    def __init__(self, fields: Fields, shown_at: datetime, *, has_events: bool) -> None:
        self.shown_at = shown_at
        self.has_events = has_events
        self.id: str = fields["id"]
        self.inserted_at = read_instant(fields["inserted_at"])
        self.ported_at: datetime | None = None
        self.steps: tuple[Step, ...] = ()
        self.transitions: tuple[tuple[str, datetime], ...] = ()

    def store(self, fields: Fields) -> None:
        """Show these fields from now on."""
        self.json = _packed(fields)
        self.status = fields["status"]
        self.carrier_name = fields["carrier_name"]
        self.spid = fields["spid"]
        self.pon = fields["pon"]
        self.foc_on = fields["foc_date"][:10] if fields["foc_date"] else None
        self.phone_numbers = tuple(fields["phone_numbers"] or ())
        self.countries = _countries_of(self.phone_numbers)
        self.support_key = fields["support_key"]

    def take_status(self, status: str, at: datetime) -> None:
        """Remember that the order took a status at an instant."""
        self.transitions += ((status, at),)
        self.ported_at = at if status == "ported" else None

    def fields(self) -> Fields:
        """Return a fresh copy of what the API shows."""
        fields: Fields = orjson.loads(self.json)
        return fields

    @property
    def position(self) -> tuple[datetime, str]:
        """Return where the order stands, oldest first."""
        return self.inserted_at, self.id


class Event:
    """One event: what the API shows, and when."""

    __slots__ = ("created_at", "event_type", "id", "json", "portout_id")

    def __init__(self, fields: Fields, created_at: datetime) -> None:
        self.id: str = fields["id"]
        self.event_type: str = fields["event_type"]
        self.portout_id: str = fields["portout_id"]
        self.created_at = created_at
        self.store(fields)

    def store(self, fields: Fields) -> None:
        """Show these fields from now on."""
        self.json = _packed(fields)

    def fields(self) -> Fields:
        """Return a fresh copy of what the API shows."""
        fields: Fields = orjson.loads(self.json)
        return fields

    @property
    def position(self) -> tuple[datetime, str]:
        """Return where the event stands, oldest first; equals of one order stay as they happened."""
        return self.created_at, self.portout_id


def _packed(fields: Fields) -> bytes:
    return bytes(memoryview(orjson.dumps(fields)))  # a copy, since orjson leaves kilobytes of room behind its result


_COUNTRY_SETS: dict[frozenset[str | None], frozenset[str | None]] = {}


def _countries_of(phone_numbers: tuple[str, ...]) -> frozenset[str | None]:
    countries = frozenset(map(country_of, phone_numbers))
    return _COUNTRY_SETS.setdefault(countries, countries)  # a handful of sets for all orders
