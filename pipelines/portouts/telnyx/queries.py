"""The questions that the API answers: one filtered list, or some rows by id."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from portouts.windows import Window

OPEN_STATUSES = ("pending", "rejected-pending", "authorized")
FINAL_STATUSES = ("ported", "rejected", "canceled")
# The statuses of numbers by which the API filters; those of requirements and of provisioning are not among them.
NUMBER_STATUSES = (
    "active",
    "port-out-pending",
    "ported-out",
    "deleted",
    "port-pending",
    "purchase-pending",
    "emergency-only",
    "port-failed",
    "purchase-failed",
)
COUNTED_STATUSES = NUMBER_STATUSES[:7]
ALL_NUMBERS = "all"
"""Stands in place of a status for the count of all numbers."""


class Axis(StrEnum):
    """A date range that the API can filter by; the value is the name of the filter."""

    INSERTED = "inserted_at"
    PORTED = "ported_out_at"
    EVENTS = "created_at"

    @property
    def path(self) -> str:
        return "/portouts/events" if self is Axis.EVENTS else "/portouts"


def format_instant(instant: datetime) -> str:
    """Write an instant as the API's filters take it, for example `2026-05-01T00:00:00.000Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class ListQuery:
    """One filtered list of the API: a range on one axis and, for a sweep, one scalar status."""

    axis: Axis
    window: Window
    status: str | None = None
    page_limit: int | None = None
    """Not worth more pages than this; if there are more, its first page is all that is wanted."""
    expected_pages: int | None = field(default=None, compare=False)
    """How many pages it probably has, if that is known."""

    @property
    def path(self) -> str:
        return self.axis.path

    def params(self, page_number: int, page_size: int) -> dict[str, str]:
        params = {
            "page[number]": str(page_number),
            "page[size]": str(page_size),
            f"filter[{self.axis}][gte]": format_instant(self.window.start),
            f"filter[{self.axis}][lte]": format_instant(self.window.end),
        }
        return params if self.status is None else params | {"filter[status]": self.status}

    def split(self, parts: int) -> list[ListQuery]:
        return [replace(self, window=window) for window in self.window.split(parts)]

    def __str__(self) -> str:
        status = f" status={self.status}" if self.status else ""
        return f"{self.path} {self.axis} {format_instant(self.window.start)}..{format_instant(self.window.end)}{status}"


@dataclass(frozen=True)
class Lookup:
    """Orders, or events, to be read one by one, by id."""

    ids: tuple[str, ...]
    is_of_events: bool = False

    @property
    def path(self) -> str:
        return "/portouts/events" if self.is_of_events else "/portouts"

    def __str__(self) -> str:
        return f"{self.path}/{{id}} for {len(self.ids)} ids"


Query = ListQuery | Lookup


@dataclass(frozen=True)
class NumberQuery:
    """The list of the account's numbers, all of them or those of one status. No date can filter it."""

    status: str | None = None

    @property
    def path(self) -> str:
        return "/phone_numbers/slim"

    def params(self, page_number: int, page_size: int) -> dict[str, str]:
        params = {"page[number]": str(page_number), "page[size]": str(page_size), "sort": "phone_number"}
        # Telnyx's SDK spells this status with an underscore in the filter, and with a hyphen in numbers.
        filtered = "port_pending" if self.status == "port-pending" else self.status
        return params if filtered is None else params | {"filter[status]": filtered}

    def __str__(self) -> str:
        return self.path if self.status is None else f"{self.path} status={self.status}"


def page_count(total: int, page_size: float) -> int:
    """Return how many pages hold `total` rows; an empty list still takes one request."""
    return max(1, math.ceil(total / page_size))
