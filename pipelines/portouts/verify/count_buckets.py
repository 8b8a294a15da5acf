"""The buckets in which orders are counted, by us and at the API: a status and a range of time each.

A bucket includes both its ends, as the ranges of the API do. They are whole seconds, since a server may round them. The
surprise: an order that lies on a cut between two buckets is counted in both, by the API and by us alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from portouts.telnyx.queries import FINAL_STATUSES, OPEN_STATUSES, Axis, ListQuery
from portouts.windows import RESOLUTION, Window

SECOND = timedelta(seconds=1)
STATUSES = OPEN_STATUSES + FINAL_STATUSES


class Depth(StrEnum):
    """How finely orders are counted: two differences that cancel each other inside one bucket stay hidden."""

    QUICK = "quick"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True)
class Bucket:
    """Orders of one status (None: of any) inserted, or events made, between two whole seconds, both included."""

    window: Window
    status: str | None = None
    axis: Axis = Axis.INSERTED

    @property
    def query(self) -> ListQuery:
        """The list whose `total_results` is the bucket's count."""
        return ListQuery(self.axis, self.window, self.status)

    @property
    def rows_query(self) -> ListQuery:
        """The list that reads the bucket's orders: reading leaves the end of a range out, so it ends a little later."""
        return ListQuery(self.axis, Window(self.window.start, self.window.end + RESOLUTION), self.status)

    def halves(self, middle: datetime | None) -> tuple[Bucket, Bucket] | None:
        """Cut at `middle` if that is inside, else in the middle of the time; None when too short to cut."""
        start, end = self.window.start, self.window.end
        if middle is None or not start < middle < end:
            middle = (start + (end - start) / 2).replace(microsecond=0)
        if not start < middle < end:
            return None
        return replace(self, window=Window(start, middle)), replace(self, window=Window(middle, end))

    def __str__(self) -> str:
        return str(self.query)


@dataclass(frozen=True)
class ComparisonPlan:
    """What to count, which ranges to read whole, and when to stop short of a search."""

    buckets: Sequence[Bucket]
    samples: Sequence[Window] = ()
    most_searched: int | None = None
    """Do not search for more differences than these; None: however many there are."""
    events: Sequence[Window] = ()
    """Count the events of these ranges too."""

    @property
    def requests(self) -> int:
        """Requests it takes if nothing differs."""
        return len(self.buckets) + len(self.samples) + len(self.events)


def whole_seconds(window: Window) -> Window | None:
    """Return the part of a window between whole seconds, the only ends that a bucket has."""
    start = window.start.replace(microsecond=0)
    end = window.end.replace(microsecond=0)
    return Window(start, end) if start < end else None


def plan_buckets(window: Window, depth: Depth, status: str, days_held: Sequence[datetime]) -> list[Bucket]:
    """Cut a window into calendar periods; successive periods without such an order make one bucket."""
    if depth is Depth.QUICK:
        return [Bucket(window, status)]
    starts = sorted({_period(day, depth) for day in days_held})
    cuts = {window.start, window.end}
    for start in starts:
        cuts |= {instant for instant in (start, _next_period(start, depth)) if window.start < instant < window.end}
    ordered = sorted(cuts)
    return [Bucket(Window(start, end), status) for start, end in pairwise(ordered)]


def _period(day: datetime, depth: Depth) -> datetime:
    if depth is Depth.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday() if depth is Depth.WEEK else 0)


def _next_period(start: datetime, depth: Depth) -> datetime:
    if depth is Depth.MONTH:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if depth is Depth.WEEK else 1)


def plan_samples(window: Window, cuts: Sequence[datetime]) -> list[Window]:
    """Cut a window at these instants, so that each part is about one page."""
    ordered = [window.start, *(cut for cut in cuts if window.start < cut < window.end), window.end]
    return [Window(start, end) for start, end in pairwise(ordered)]
