"""The whole of one sync: lock, load chunk by chunk, verify, record, model, check, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from portouts.errors import NotProven
from portouts.extract.options import SyncReport
from portouts.extract.run import OF_THIS_ACCOUNT
from portouts.load.dlt_config import own_dlt
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.remembered_settings import OF_MODELS, OF_ROWS, keep_settings, remember_settings
from portouts.load.settings import SourceSettings
from portouts.load.source import Supervision, telnyx_source
from portouts.telnyx.queries import Axis
from portouts.transform.build import build_in_limited_memory
from portouts.transform.checks import CheckWarning
from portouts.verify.comparison import Verdict
from portouts.verify.count_buckets import Depth, Verify
from portouts.verify.verification import (
    AFTER_SYNC,
    MOST_SEARCHED_AFTER_SYNC,
    Verification,
    certify,
    events_to_count,
    plan_after_sync,
    plan_depth,
    ranges_to_compare,
)
from portouts.warehouse.metadata import (
    Certificate,
    SyncRecord,
    has_counted_events,
    mend_later_than,
    record_sync,
    record_verification,
)
from portouts.warehouse.redaction import mask_stored
from portouts.warehouse.warehouse import Warehouse

# Rows of one load package: enough that its fixed cost hardly counts, few enough to be held in memory.
CHUNK_ROWS = 50_000


@dataclass(frozen=True)
class SyncRequest:
    """What was asked for on the command line."""

    as_of: datetime | None
    """None: now, which the API's clock has the last word about."""
    settings: SourceSettings
    since: datetime | None = None
    full: bool = False
    allow_unproven: bool = False
    accept_deletions: bool = False
    verify: Verify = Verify.QUICK
    keep: int | None = None
    """So many versions published before are kept; None: those that are there."""
    rebuild: bool = False
    """Make the working file again from the published one first."""
    accept_settings: bool = False
    """Take settings that change what the numbers mean."""


@dataclass(frozen=True)
class SyncOutcome:
    """What a finished sync did."""

    database: Path
    as_of: datetime
    report: SyncReport
    orders_changed: int
    warnings: list[CheckWarning]
    seconds: float
    """From before the first request until the file was published."""
    certificate: Certificate | None = None
    noted: list[str] = field(default_factory=list)
    """What the warehouse did that nobody asked for; shown when it did so."""

    @property
    def is_proven(self) -> bool:
        return not self.report.unproven


def run_sync(
    warehouse: Warehouse, request: SyncRequest, clock: Callable[[], datetime], supervision: Supervision
) -> SyncOutcome:
    """Bring the warehouse to `as_of` and publish it; whatever fails, the published file stays as it was."""
    with warehouse.locked(), own_dlt(warehouse.folder):
        if request.rebuild:
            warehouse.rebuild()
        attempts = count()

        def work() -> SyncOutcome:
            again = next(attempts) > 0
            attempt = replace(supervision, report=SyncReport(), ending=ExitStack()) if again else supervision
            with raw_pipeline(warehouse) as raw:
                return _sync(raw, request, clock, attempt)

        return warehouse.healing(work)


def _sync(
    raw: RawPipeline, request: SyncRequest, clock: Callable[[], datetime], supervision: Supervision
) -> SyncOutcome:
    started_at, report, warehouse = clock(), supervision.report, raw.warehouse
    warehouse.warn_of_little_space()
    request = _keep_settings(raw, request, report)
    _load(raw, request, supervision)
    certificate = _verify(raw, request, supervision, clock)
    record = SyncRecord(
        supervision.sync_id,
        report.as_of,
        started_at,
        clock(),
        report.requests,
        report.orders_read,
        report.events_read,
        is_proven=not report.unproven,
    )
    with warehouse.connected() as connection:
        if report.api_date:
            mend_later_than(connection, report.api_date)
        remember_settings(connection, request.settings, report.as_of)
        changed = record_sync(connection, record, raw.state().covered)
        if certificate:
            record_verification(connection, certificate)
        is_covered = request.full and request.settings.privacy.pii != "keep"
        if is_covered:
            mask_stored(connection, request.settings.privacy)
        warnings = build_in_limited_memory(connection, request.settings.model_inputs(report.as_of))
    if is_covered:
        warehouse.rewrite()
    warehouse.publish(request.keep)
    seconds = (clock() - started_at).total_seconds()
    noted = warehouse.notes
    return SyncOutcome(warehouse.database, report.as_of, report, changed, warnings, seconds, certificate, noted)


def run_load(
    warehouse: Warehouse,
    request: SyncRequest,
    supervision: Supervision,
    destination: str,
    engines: Iterable[Mapping[str, Any]] = (),
) -> SyncReport:
    """Bring the raw tables of another engine up to date. The models are built and published in DuckDB only.

    `engines` are files of settings, in whose section `destination` may stand how to reach the engine.
    """
    with warehouse.locked(), own_dlt(warehouse.folder, engines), raw_pipeline(warehouse, destination) as raw:
        _load(raw, request, supervision)
    return supervision.report


def _keep_settings(raw: RawPipeline, request: SyncRequest, report: SyncReport) -> SyncRequest:
    """Use the settings of the warehouse; another `pii` is accepted by reading everything again, too."""
    is_pii_given = request.full and "pii" in request.settings.found
    accepted = OF_MODELS | OF_ROWS if request.accept_settings else {"pii"} if is_pii_given else ()
    with raw.warehouse.connected() as connection:
        kept = keep_settings(connection, raw.state(), request.settings, accepted=accepted)
    report.notes += kept.notes
    return replace(request, settings=kept.settings, full=request.full or "pii" in kept.changed)


def _load(raw: RawPipeline, request: SyncRequest, supervision: Supervision) -> None:
    source = telnyx_source(
        as_of=request.as_of,
        since=request.since,
        full=request.full,
        allow_unproven=request.allow_unproven,
        accept_deletions=request.accept_deletions,
        supervision=supervision,
        checked=request.settings,
    )
    raw.load_all(source, supervision)


def _verify(
    raw: RawPipeline,
    request: SyncRequest,
    supervision: Supervision,
    clock: Callable[[], datetime],
) -> Certificate | None:
    """Compare what is held now with the API's counts, and read again what differs; its requests are the sync's."""
    if request.verify is Verify.NONE:
        return None
    started_at = clock()
    covered, as_of = raw.state().covered, supervision.report.as_of
    ranges, events = ranges_to_compare(covered[Axis.INSERTED]), events_to_count(covered[Axis.EVENTS], as_of)
    accepted = request.accept_deletions
    verification = Verification(raw, request.settings, supervision, as_of, accept_deletions=accepted)
    if request.verify is Verify.QUICK:
        with raw.warehouse.connected() as connection:
            is_known = has_counted_events(connection) and not request.full
        depth = AFTER_SYNC
        plan = plan_after_sync(
            ranges,
            is_swept=supervision.report.is_swept,
            events=() if is_known else events,
            most_searched=None if accepted else MOST_SEARCHED_AFTER_SYNC,
        )
    else:
        depth = Depth(request.verify)
        plan = plan_depth(ranges, depth, events=events)
    settled = verification.settle(plan, repair=True)
    supervision.report.requests += verification.requests
    comparison, _ = settled
    supervision.report.unusable = comparison.unusable | supervision.report.unusable
    certificate = certify(verification, ranges, depth, settled, started_at, clock())
    if certificate.verdict == Verdict.DIFFERENT and not request.allow_unproven:
        raise NotProven(
            f"The API counts {certificate.differences} orders otherwise than they were loaded, so nothing was "
            f"published. {OF_THIS_ACCOUNT} Then run `portouts sync --verify none` and `portouts verify --repair`."
        )
    return certificate
