"""What a sync asks Telnyx for: time windows, the ranges they already cover, and how they split.

Pure: no clock, no network, no database. Times are aware UTC datetimes in whole milliseconds, the resolution in which
the API takes its range filters. A `Window` is half-open, [start, end), so adjacent windows share no order; the API's
own ranges are closed on both sides, so a row that sits exactly on `end` is answered, counted, and left to the next
window.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

RESOLUTION = timedelta(milliseconds=1)
OPEN_STATUSES = ("pending", "rejected-pending", "authorized")
FINAL_STATUSES = ("ported", "rejected", "canceled")
RANGES_TRIED = 2
# The first Telnyx numbers are younger than this, so nothing can have been inserted before.
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)


class Axis(StrEnum):
    """A date range that the API can filter by; the value is the name of the filter."""

    INSERTED = "inserted_at"
    PORTED = "ported_out_at"
    EVENTS = "created_at"

    @property
    def path(self) -> str:
        return "/portouts/events" if self is Axis.EVENTS else "/portouts"


def floor_to_resolution(instant: datetime) -> datetime:
    """Round an aware instant down to whole milliseconds, in UTC."""
    utc = instant.astimezone(UTC)
    return utc - timedelta(microseconds=utc.microsecond % 1000)


def ceil_to_resolution(instant: datetime) -> datetime:
    """Round an aware instant up to whole milliseconds, in UTC."""
    floor = floor_to_resolution(instant)
    return floor if floor == instant else floor + RESOLUTION


def format_instant(instant: datetime) -> str:
    """Write an instant as the API's filters take it, for example `2026-05-01T00:00:00.000Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


@dataclass(frozen=True, order=True)
class Window:
    """The half-open range [start, end) of one axis; never empty, always whole UTC milliseconds."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if instant.utcoffset() != timedelta():
                raise ValueError(f"a window needs UTC instants, not {instant!r}")
            if instant.microsecond % 1000:
                raise ValueError(f"a window needs whole milliseconds, not {instant!r}")
        if self.start >= self.end:
            raise ValueError(f"an empty window: {self.start} to {self.end}")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def can_split(self) -> bool:
        return self.length > RESOLUTION

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def split(self, parts: int) -> list[Window]:
        """Cut into at most `parts` windows of about equal length, in order, covering exactly the same range."""
        ticks = self.length // RESOLUTION
        parts = min(parts, ticks)
        cuts = [self.start + RESOLUTION * (ticks * part // parts) for part in range(parts + 1)]
        return [Window(start, end) for start, end in pairwise(cuts)]


def merge(windows: Iterable[Window]) -> list[Window]:
    """Join windows that touch or overlap; sorted and disjoint."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def gaps(covered: Iterable[Window], within: Window) -> list[Window]:
    """List the parts of `within` that `covered` leaves open, in order."""
    found: list[Window] = []
    start = within.start
    for window in merge(covered):
        if window.start > start and start < within.end:
            found.append(Window(start, min(window.start, within.end)))
        start = max(start, window.end)
    if start < within.end:
        found.append(Window(start, within.end))
    return found


def plan_axis(covered: Sequence[Window], within: Window, overlap: timedelta) -> list[Window]:
    """List what to read on one axis: the gaps, and the newest `overlap` of what is covered once more.

    An order can be committed after orders with a later `inserted_at`; it shows up inside a range already read.
    """
    return gaps(settled(covered, overlap), within)


def settled(covered: Sequence[Window], overlap: timedelta) -> list[Window]:
    """List what is covered, less the newest `overlap` of it."""
    until = max((window.end for window in covered), default=BEGINNING) - overlap
    return [Window(window.start, min(window.end, until)) for window in covered if window.start < until]


@dataclass(frozen=True)
class ListQuery:
    """One filtered list of the API: a range on one axis and, for a sweep, one scalar status."""

    axis: Axis
    window: Window
    status: str | None = None
    page_limit: int | None = None
    """Not worth more pages than this; if there are more, its first page is all that is wanted."""

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


def plan_lookups(orders: Mapping[str, datetime | None], orders_per_second: float, page_size: int) -> list[Query]:
    """Choose the cheaper way to read known orders again: one by one, or by re-reading the ranges they lie in.

    Two orders with less than half a page of neighbours expected between them are cheaper read together. (Half, since
    orders arrive unevenly.) An estimate can be wrong and then costs a request; so only the `RANGES_TRIED` largest such
    ranges are tried, and none is read beyond as many pages as it has orders. Orders of unknown `inserted_at` (value
    None) are read by id.
    """
    reach = timedelta(seconds=page_size / 2 / orders_per_second) if orders_per_second else timedelta()
    dated = sorted((inserted_at, order_id) for order_id, inserted_at in orders.items() if inserted_at)
    clusters = sorted(_clusters(dated, reach), key=len, reverse=True)[:RANGES_TRIED]
    ranges = [cluster for cluster in clusters if len(cluster) > 2]
    in_ranges = {order_id for cluster in ranges for _, order_id in cluster}
    queries: list[Query] = [
        ListQuery(
            Axis.INSERTED,
            Window(floor_to_resolution(cluster[0][0]), ceil_to_resolution(cluster[-1][0]) + RESOLUTION),
            page_limit=len(cluster),
        )
        for cluster in ranges
    ]
    return queries + lookups([order_id for order_id in orders if order_id not in in_ranges], page_size)


def lookups(ids: Sequence[str], at_a_time: int, *, is_of_events: bool = False) -> list[Query]:
    """Read by id, in batches."""
    starts = range(0, len(ids), at_a_time)
    return [Lookup(tuple(ids[start : start + at_a_time]), is_of_events) for start in starts]


def _clusters(dated: Sequence[tuple[datetime, str]], reach: timedelta) -> Iterator[Sequence[tuple[datetime, str]]]:
    """Cut a sorted list wherever two neighbours lie further apart than `reach`."""
    start = 0
    for position in range(1, len(dated) + 1):
        if position == len(dated) or dated[position][0] - dated[position - 1][0] > reach:
            yield dated[start:position]
            start = position


def page_count(total: int, page_size: int) -> int:
    """Say how many pages hold `total` rows; an empty list still takes one request."""
    return max(1, math.ceil(total / page_size))
