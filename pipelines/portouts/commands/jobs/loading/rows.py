"""The rows of one sync of one account: read and loaded batch by batch, compared with the API's counts, recorded."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from portouts.errors import OF_THIS_ACCOUNT, NotProven
from portouts.extract.options import Callbacks, SyncOptions, SyncReport
from portouts.load.connection import Connection, OpenClient
from portouts.load.pipeline import RawPipeline
from portouts.load.settings.remembered import OF_MODELS, OF_ROWS, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.source import sync_options
from portouts.measures import Measures
from portouts.telnyx.clock import TOLERANCE
from portouts.telnyx.queries import Axis
from portouts.verify.certificate import AFTER_SYNC, certify, log_verdict
from portouts.verify.comparison import Verdict
from portouts.verify.count_buckets import Depth
from portouts.verify.plans import (
    MOST_SEARCHED_AFTER_SYNC,
    Plan,
    events_to_count,
    plan_after_sync,
    plan_depth,
    ranges_to_compare,
)
from portouts.verify.verification import Verification
from portouts.warehouse.metadata import (
    Certificate,
    SyncRecord,
    has_counted_events,
    record_sync,
    record_verification,
)
from portouts.warehouse.rows.corrections import correct_future_instants
from portouts.windows import Window

if TYPE_CHECKING:
    import duckdb

# Rows of one load package: enough that its fixed cost hardly counts, few enough to be held in memory.
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class SyncRequest:
    """The options of the command line."""

    as_of: datetime | None
    """None: now, which the API's clock has the last word about."""
    settings: Settings
    since: datetime | None = None
    full: bool = False
    allow_unproven: bool = False
    accept_deletions: bool = False
    verify: Depth | None = Depth.QUICK
    """How finely to compare the result with the API's counts; None: not at all."""
    keep: int | None = None
    """Keep so many versions published before; None: those that are there."""
    rebuild: bool = False
    """Make the working file again from the published one first."""
    accept_settings: bool = False
    """Take settings that change what the numbers mean."""
    sync_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    batch_rows: int | None = field(default_factory=lambda: BATCH_ROWS)
    prefetch: bool = True
    """Read the next batch while one is loaded."""


@dataclass(frozen=True)
class LoadedRows:
    """What a sync has loaded and proven, before it is recorded."""

    request: SyncRequest
    """With the settings that the warehouse remembers."""
    report: SyncReport
    certificate: Certificate | None
    started_at: datetime
    measures: Measures


def load_rows(
    raw: RawPipeline,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    open_client: OpenClient,
) -> LoadedRows:
    """Read what is new, load it, and compare what is held with the API's counts."""
    started_at, warehouse = clock(), raw.warehouse
    request, notes = _with_settings_in_use(raw, request)
    pii = request.settings.source.pii
    if warehouse.redaction.is_set and pii != "keep":
        notes.append(f"A redaction to pii = {pii} was interrupted; this sync finishes it.")
    if request.full and pii != "keep":  # rows that are not read again are masked at the end
        warehouse.redaction.set()
    connection = Connection(request.settings.source, callbacks, open_client)
    report = raw.sync(connection, options_of(request, started_at), is_ahead=request.prefetch)
    report.notes[:0] = notes
    with connection.measures.phase("verify"):
        certificate = _verify(raw, request, report, connection, clock)
    return LoadedRows(request, report, certificate, started_at, connection.measures)


def record_rows(
    connection: duckdb.DuckDBPyConnection, raw: RawPipeline, loaded: LoadedRows, finished_at: datetime
) -> int:
    """Write the records of a sync; return how many orders changed."""
    report = loaded.report
    record = SyncRecord(
        loaded.request.sync_id,
        report.as_of,
        loaded.started_at,
        finished_at,
        report.requests,
        report.orders_read,
        report.events_read,
        is_proven=not report.unproven,
    )
    if report.api_date:
        correct_future_instants(connection, report.api_date, TOLERANCE)
    changed = record_sync(connection, record, raw.state().covered)
    if loaded.certificate:
        record_verification(connection, loaded.certificate)
    return changed


def options_of(request: SyncRequest, now: datetime) -> SyncOptions:
    """Return how to read what a request asks for."""
    return sync_options(
        request.settings.source,
        request.as_of or now,
        request.since,
        is_now=request.as_of is None,
        full=request.full,
        allow_unproven=request.allow_unproven,
        accept_deletions=request.accept_deletions,
        sync_id=request.sync_id,
        batch_rows=request.batch_rows,
    )


def _with_settings_in_use(raw: RawPipeline, request: SyncRequest) -> tuple[SyncRequest, list[str]]:
    """Use the settings of the warehouse; another `pii` is accepted by reading everything again, too."""
    is_pii_given = request.full and "pii" in request.settings.found
    accepted = OF_MODELS | OF_ROWS if request.accept_settings else {"pii"} if is_pii_given else ()
    with raw.warehouse.connected() as connection:
        used = settings_in_use(connection, raw.state(), request.settings, accepted=accepted)
    return replace(request, settings=used.settings, full=request.full or "pii" in used.changed), used.notes


def _verify(
    raw: RawPipeline,
    request: SyncRequest,
    report: SyncReport,
    connection: Connection,
    clock: Callable[[], datetime],
) -> Certificate | None:
    """Compare what is held now with the API's counts, and read again what differs; its requests are the sync's."""
    if request.verify is None:
        return None
    started_at, covered = clock(), raw.state().covered
    ranges = ranges_to_compare(covered[Axis.INSERTED])
    verification = Verification(
        raw,
        request.settings.source,
        connection,
        report.as_of,
        request.sync_id,
        accept_deletions=request.accept_deletions,
        batch_rows=request.batch_rows,
    )
    depth = AFTER_SYNC if request.verify is Depth.QUICK else request.verify
    settled = verification.settle(_plan(raw, request, report, request.verify, ranges), repair=True)
    report.requests += verification.requests
    comparison, _ = settled
    report.unusable = comparison.unusable | report.unusable
    certificate = certify(verification, ranges, depth, settled, started_at, clock())
    log_verdict(certificate)
    if certificate.verdict == Verdict.DIFFERENT and not request.allow_unproven:
        raise NotProven(
            f"The API counts {certificate.differences} orders otherwise than they were loaded, so nothing was "
            f"published. {OF_THIS_ACCOUNT} Then run `portouts sync --verify none` and `portouts verify --repair`."
        )
    return certificate


def _plan(raw: RawPipeline, request: SyncRequest, report: SyncReport, depth: Depth, ranges: Sequence[Window]) -> Plan:
    """Plan what to compare after a sync; the events are counted until they have been counted once."""
    events = events_to_count(raw.state().covered[Axis.EVENTS], report.as_of)
    if depth is not Depth.QUICK:
        return plan_depth(ranges, depth, events=events)
    with raw.warehouse.connected() as connection:
        is_counted = has_counted_events(connection) and not request.full
    return plan_after_sync(
        ranges,
        is_swept=report.is_swept,
        events=() if is_counted else events,
        most_searched=None if request.accept_deletions else MOST_SEARCHED_AFTER_SYNC,
    )
