"""Which buckets a verification counts, and which pages it reads whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from portouts.verify.count_buckets import (
    STATUSES,
    Bucket,
    ComparisonPlan,
    Depth,
    plan_buckets,
    plan_samples,
    whole_seconds,
)
from portouts.verify.local_orders import LocalOrders
from portouts.windows import Window, floor_to_resolution

# Orders in a sampled window: a page, less a little for those that we may lack.
SAMPLED = 240
# More orders than this do not change unseen between two syncs: it is another account, or another warehouse.
MOST_SEARCHED_AFTER_SYNC = 1_000
# An event may be shown so much later than it is dated; younger ones are not counted.
LATEST_EVENTS = timedelta(hours=1)

Plan = Callable[[LocalOrders], ComparisonPlan]


def plan_depth(
    ranges: Sequence[Window],
    depth: Depth,
    sample: int = 0,
    most_searched: int | None = None,
    events: Sequence[Window] = (),
) -> Plan:
    """Plan to count each range whole and by status, in periods of this depth, and to read `sample` random pages.

    The events of the ranges `events` are counted too.
    """

    def plan(held: LocalOrders) -> ComparisonPlan:
        buckets = [Bucket(window) for window in ranges]
        for window in ranges:
            for status in STATUSES:
                buckets += plan_buckets(window, depth, status, held.days(window, status))
        return ComparisonPlan(buckets, _draw(held, ranges, sample) if sample else (), most_searched, events)

    return plan


def _draw(held: LocalOrders, ranges: Sequence[Window], sample: int) -> list[Window]:
    pages = [page for window in ranges for page in plan_samples(window, held.quantiles(window, SAMPLED))]
    return sorted(SystemRandom().sample(pages, min(sample, len(pages))))


def plan_after_sync(
    ranges: Sequence[Window],
    *,
    is_swept: bool,
    events: Sequence[Window] = (),
    most_searched: int | None = MOST_SEARCHED_AFTER_SYNC,
) -> Plan:
    """Plan what a sync has not just read: the whole, the final statuses, and the events of these ranges.

    The open ones were listed moments ago. Where all were, what is neither open, ported nor rejected is canceled.
    """
    statuses = (None, "ported", "rejected") if is_swept else (None, "ported", "rejected", "canceled")
    buckets = [Bucket(window, status) for window in ranges for status in statuses]
    return lambda _held: ComparisonPlan(buckets, most_searched=most_searched, events=events)


def ranges_to_compare(
    covered: Sequence[Window], since: datetime | None = None, until: datetime | None = None
) -> list[Window]:
    """Clip the covered ranges to what was asked for, in whole seconds."""
    clipped = [
        Window(start, end)
        for window in covered
        if (start := floor_to_resolution(max(window.start, since or window.start)))
        < (end := floor_to_resolution(min(window.end, until or window.end)))
    ]
    return [window for window in map(whole_seconds, clipped) if window]


def events_to_count(
    covered: Sequence[Window], as_of: datetime, since: datetime | None = None, until: datetime | None = None
) -> list[Window]:
    """Clip the covered ranges of events to what was asked for, and to what the API must show by now."""
    latest = as_of - LATEST_EVENTS
    return ranges_to_compare(covered, since, min(until or latest, latest))
