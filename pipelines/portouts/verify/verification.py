"""Proof: compare the warehouse with the API, mend what differs, and write a certificate of it.

A comparison asks the API and reads the working file; it changes neither. A repair reads the differing orders again
through the source, so rows, numbers, history and what is remembered as open change together; orders that the API
answers with 404 get `deleted_at`. Then everything is compared once more.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom

from portouts.errors import IF_REMOVED, OF_THIS_ACCOUNT, OrdersGone
from portouts.extract.options import Progress, unwatched
from portouts.load.connection import Connection
from portouts.load.pipeline import RawPipeline
from portouts.load.settings import SourceSettings
from portouts.load.source import sync_options
from portouts.telnyx.client import converse
from portouts.telnyx.clock import TOLERANCE, ApiClock
from portouts.verify.comparison import Comparison, Difference
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
from portouts.verify.reconcile import Reconciliation
from portouts.warehouse.metadata import Certificate, mark_deleted
from portouts.windows import Window, floor_to_resolution

# Orders in a sampled window: a page, less a little for those that we may lack.
SAMPLED = 240
# More orders than this do not change unseen between two syncs: it is another account, or another warehouse.
MOST_SEARCHED_AFTER_SYNC = 1_000
# More orders than these are not taken for deleted before somebody has said so.
MOST_DELETED, MOST_DELETED_SHARE = 10, 0.01
COUNTS_ALONE = "Changes that leave the number of orders in each status as it is; events; changes after as_of."
COUNTS_BY_PERIOD = (
    "Changes that leave the number of orders of a status in a {period} as it is, and fields other than status, "
    "outside the sampled windows; events; changes after as_of."
)
EVENTS_COUNTED = ("; events;", "; what events say;")
AFTER_SYNC = "sync"
# An event may be shown so much later than it is dated; younger ones are not counted.
LATEST_EVENTS = timedelta(hours=1)

Plan = Callable[[LocalOrders], ComparisonPlan]


@dataclass
class Verification:
    """One verification of one warehouse, under its lock; counts the requests it makes."""

    raw: RawPipeline
    settings: SourceSettings
    connection: Connection
    as_of: datetime
    sync_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    on_progress: Progress = unwatched
    on_plan: Callable[[ComparisonPlan], None] = lambda _plan: None
    accept_deletions: bool = False
    batch_rows: int | None = None
    requests: int = 0

    def settle(self, plan: Plan, *, repair: bool) -> tuple[Comparison, list[Difference]]:
        """Compare, and on demand repair and compare again; return the last comparison and what was repaired."""
        comparison = self._compare(plan)
        if not repair or not (comparison.differences or comparison.missing_events):
            return comparison, []
        if not self.accept_deletions:
            require_few_deletions(comparison)
        self._repair(comparison)
        after = self._compare(plan)
        left = {difference.portout_id for difference in after.differences}
        return after, [found for found in comparison.differences if found.portout_id not in left]

    def _compare(self, plan: Plan) -> Comparison:
        settings = self.settings
        client = self.connection.open()
        with self.raw.warehouse.connected() as connection:
            held = LocalOrders(connection)
            planned, counted = plan(held), 0
            self.on_plan(planned)

            def count(buckets: int) -> None:
                nonlocal counted
                counted += buckets
                self.on_progress(counted, max(counted, planned.requests))

            async def conversation() -> Comparison:
                found = Reconciliation(client, held, self.as_of, settings.page_size, settings.privacy, count)
                await found.compare(planned.buckets, planned.most_searched)
                await found.sample(planned.samples)
                await found.count_events(planned.events)
                return found.finish()

            try:
                comparison = converse(client, conversation)
                comparison.unproven += self._beyond(client.api_clock)
                return comparison
            finally:
                self.requests += client.requests

    def _beyond(self, clock: ApiClock) -> list[str]:
        """Say so where the warehouse claims to show an instant that the API's clock has not reached."""
        if clock.date is None or self.as_of <= clock.date + TOLERANCE:
            return []
        as_of, now = self.as_of.isoformat(), clock.date.isoformat()
        return [f"as of {as_of}: the API's clock is at {now}; run `portouts sync`, which reads again what is missing"]

    def _repair(self, comparison: Comparison) -> None:
        """Read the differing orders and the ranges of missing events again, and mark the orders that are gone."""
        options = sync_options(
            self.settings,
            self.as_of,
            reread={difference.portout_id: difference.inserted_at for difference in comparison.differences},
            reread_events=comparison.missing_events,
            accept_deletions=self.accept_deletions,
            sync_id=self.sync_id,
            batch_rows=self.batch_rows,
        )
        report = self.raw.sync(self.connection, options)
        self.requests += report.requests
        with self.raw.warehouse.connected() as connection:
            mark_deleted(connection, report.missing, self.as_of)


def require_few_deletions(comparison: Comparison) -> None:
    """Refuse to mark orders as deleted, where they are too many to have been removed one by one."""
    gone = sum(difference.kind == "deleted" for difference in comparison.differences)
    if not gone or (comparison.orders and gone <= max(MOST_DELETED, MOST_DELETED_SHARE * (comparison.orders + gone))):
        return
    raise OrdersGone(
        f"The API no longer knows {gone} orders that are held, and shows {comparison.orders}. None was marked as "
        f"deleted, and nothing was published. {OF_THIS_ACCOUNT} {IF_REMOVED}"
    )


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


def certify(
    verification: Verification,
    ranges: Sequence[Window],
    depth: str,
    settled: tuple[Comparison, list[Difference]],
    started_at: datetime,
    finished_at: datetime,
) -> Certificate:
    """Write down what was compared and what came of it."""
    comparison, repaired = settled
    not_covered = COUNTS_ALONE if depth in (AFTER_SYNC, Depth.QUICK) else COUNTS_BY_PERIOD.format(period=depth)
    has_counted_events = comparison.events is not None
    return Certificate(
        verification_id=verification.sync_id,
        as_of=verification.as_of,
        started_at=started_at,
        finished_at=finished_at,
        depth=depth,
        range_start=min((window.start for window in ranges), default=None),
        range_end=max((window.end for window in ranges), default=None),
        buckets=comparison.buckets,
        requests=verification.requests,
        orders=comparison.orders,
        differences=comparison.least_differences + len(repaired),
        repaired=len(repaired),
        moved=comparison.moved,
        sampled_windows=comparison.sampled_windows,
        sampled_orders=comparison.sampled_orders,
        verdict=comparison.verdict,
        not_covered=not_covered.replace(*EVENTS_COUNTED) if has_counted_events else not_covered,
        events=comparison.events,
        events_missing=len(comparison.missing_events) if has_counted_events else None,
    )
