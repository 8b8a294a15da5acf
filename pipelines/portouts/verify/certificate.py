"""The certificate of a verification: what was compared, what came of it, and what it does not cover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portouts.logs import log
from portouts.verify.comparison import Comparison, Difference
from portouts.verify.count_buckets import Depth
from portouts.verify.verification import Verification
from portouts.warehouse.metadata import Certificate
from portouts.windows import Window

COUNTS_ALONE = "Changes that leave the number of orders in each status as it is; events; changes after as_of."
COUNTS_BY_PERIOD = (
    "Changes that leave the number of orders of a status in a {period} as it is, and fields other than status, "
    "outside the sampled windows; events; changes after as_of."
)
EVENTS_COUNTED = ("; events;", "; what events say;")
AFTER_SYNC = "sync"


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


def log_verdict(certificate: Certificate) -> None:
    """Log what came of a comparison."""
    log(
        "verified",
        verdict=certificate.verdict,
        depth=certificate.depth,
        orders=certificate.orders,
        differences=certificate.differences,
        repaired=certificate.repaired,
        requests=certificate.requests,
    )
