"""Compares the warehouse with the API, and repairs what differs.

A comparison asks the API and reads the working file; it changes neither. A repair reads the differing orders again
as a sync does, so rows, numbers, history and the state change together; orders that the API answers with 404 get
`deleted_at`. Then everything is compared once more.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from portouts.errors import IF_REMOVED, OF_THIS_ACCOUNT, OrdersGone
from portouts.extract.options import Progress, unwatched
from portouts.load.connection import Connection
from portouts.load.pipeline import RawPipeline
from portouts.load.settings.tables import SourceSettings
from portouts.load.source import sync_options
from portouts.telnyx.client import converse
from portouts.telnyx.clock import TOLERANCE, ApiClock
from portouts.verify.comparison import Comparison, Difference
from portouts.verify.count_buckets import ComparisonPlan
from portouts.verify.local_orders import LocalOrders
from portouts.verify.plans import Plan
from portouts.verify.reconcile import Reconciliation
from portouts.warehouse.rows.corrections import mark_deleted

# More deletions than these must be accepted by the user.
MOST_DELETED, MOST_DELETED_SHARE = 10, 0.01


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
        """Return a note if the warehouse claims to show an instant that the API's clock has not reached."""
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
    """Raise `OrdersGone` if more orders are to be marked as deleted than anyone removes one by one."""
    gone = sum(difference.kind == "deleted" for difference in comparison.differences)
    if not gone or (comparison.orders and gone <= max(MOST_DELETED, MOST_DELETED_SHARE * (comparison.orders + gone))):
        return
    raise OrdersGone(
        f"The API no longer knows {gone} orders that are held, and shows {comparison.orders}. None was marked as "
        f"deleted, and nothing was published. {OF_THIS_ACCOUNT} {IF_REMOVED}"
    )
