"""Half-open time ranges: what is covered, what is left open, and how a range splits.

Times are aware UTC datetimes in whole milliseconds, the resolution in which the API takes its range filters. A
`Window` is [start, end), so adjacent windows share no row. The API's own ranges are closed on both sides: a row that
sits exactly on `end` is answered and counted there, and left to the next window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

RESOLUTION = timedelta(milliseconds=1)
# Telnyx had no numbers before this day, so no row is older.
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)


def floor_to_resolution(instant: datetime) -> datetime:
    """Round an aware instant down to whole milliseconds, in UTC."""
    utc = instant.astimezone(UTC)
    return utc - timedelta(microseconds=utc.microsecond % 1000)


def ceil_to_resolution(instant: datetime) -> datetime:
    """Round an aware instant up to whole milliseconds, in UTC."""
    floor = floor_to_resolution(instant)
    return floor if floor == instant else floor + RESOLUTION


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

    def cut(self, instants: Iterable[datetime]) -> list[Window]:
        """Cut at those of these instants that lie inside."""
        cuts = sorted({instant for instant in instants if self.start < instant < self.end})
        return [Window(start, end) for start, end in pairwise([self.start, *cuts, self.end])]


def cuts_between(instants: Iterable[datetime], most: float) -> Iterator[datetime]:
    """List where to cut a range so that each part holds at most so many of these instants; equal ones stay together."""
    held, before = 0, BEGINNING
    for instant, count in sorted(Counter(map(floor_to_resolution, instants)).items()):
        if held and held + count > most:
            yield before + RESOLUTION
            held = 0
        held, before = held + count, instant


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
