"""The whole of one `verify`: lock, compare, repair on demand, write the certificate, publish."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.commands.jobs.publishing.targets import publish
from portouts.errors import PortoutsError, SettingsError
from portouts.extract.options import NO_CALLBACKS, Callbacks, unwatched
from portouts.load.connection import Connection, OpenClient
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.settings.remembered import OF_MODELS, record_settings, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.logs import log
from portouts.names import DEFAULT_ACCOUNT
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.queries import Axis
from portouts.transform.build import are_up_to_date, update_in_limited_memory
from portouts.verify.certificate import certify, log_verdict
from portouts.verify.comparison import Comparison, Difference
from portouts.verify.count_buckets import ComparisonPlan, Depth
from portouts.verify.plans import Plan, events_to_count, plan_depth, ranges_to_compare
from portouts.verify.verification import Verification
from portouts.warehouse.metadata import Certificate, covered_ranges, record_verification, require_finished, synced_until
from portouts.warehouse.warehouse import Warehouse
from portouts.windows import Window

if TYPE_CHECKING:
    import duckdb

    from portouts.publish.target import TargetOutcome


@dataclass(frozen=True)
class VerifyRequest:
    """The options of the command line."""

    settings: Settings
    depth: Depth = Depth.MONTH
    sample: int = 0
    since: datetime | None = None
    until: datetime | None = None
    repair: bool = False
    accept_deletions: bool = False
    accept_settings: bool = False
    verification_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class VerifyOutcome:
    """The result of a verification; `comparison` is the last one, after any repair."""

    database: Path
    certificate: Certificate
    comparison: Comparison
    repaired: list[Difference]
    notes: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    """What the warehouse did on its own; shown to the user at that time."""
    targets: list[TargetOutcome] = field(default_factory=list)
    """What came of each target of `[publish]`."""
    account: str = DEFAULT_ACCOUNT
    others: list[VerifyOutcome] = field(default_factory=list)
    """The other accounts; this one has the worst verdict."""
    errors: dict[str, PortoutsError] = field(default_factory=dict)
    """Account → why it could not be compared."""


def run_verify(
    warehouse: Warehouse,
    request: VerifyRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks = NO_CALLBACKS,
    on_plan: Callable[[ComparisonPlan], None] = lambda _plan: None,
    open_client: OpenClient = TelnyxClient,
) -> VerifyOutcome:
    """Compare the last finished sync with the API and publish the certificate, and what was repaired."""
    log("verify.started", database=str(warehouse.database), depth=request.depth)
    warehouse.require_loaded()
    with warehouse.locked(), isolated_dlt(warehouse.folder):

        def work() -> VerifyOutcome:
            with raw_pipeline(warehouse) as raw:
                return _verify(raw, request, clock, callbacks, on_plan, open_client)

        return warehouse.healing(work)


def _verify(
    raw: RawPipeline,
    request: VerifyRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    on_plan: Callable[[ComparisonPlan], None],
    open_client: OpenClient,
) -> VerifyOutcome:
    warehouse = raw.warehouse
    callbacks, measures = callbacks.measured()
    compared = compare(raw, request, clock, callbacks, on_plan, open_client)
    as_of = compared.certificate.as_of
    with measures.phase("build"), warehouse.connected() as connection:
        record_verification(connection, compared.certificate)
        build_if_outdated(warehouse, connection, compared.settings, as_of)
    with measures.phase("publish"):
        targets = publish(warehouse, request.settings.publish, as_of, callbacks.is_stopping)
    return compared.outcome(warehouse, targets)


@dataclass(frozen=True)
class Compared:
    """What the comparison of one account found, before its certificate is written."""

    certificate: Certificate
    comparison: Comparison
    repaired: list[Difference]
    settings: Settings
    """With those that the warehouse remembers."""
    notes: list[str]

    def outcome(self, warehouse: Warehouse, targets: list[TargetOutcome]) -> VerifyOutcome:
        """Return the result of a verification of this account alone."""
        return VerifyOutcome(
            warehouse.database, self.certificate, self.comparison, self.repaired, self.notes, warehouse.notes, targets
        )


def compare(
    raw: RawPipeline,
    request: VerifyRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    on_plan: Callable[[ComparisonPlan], None],
    open_client: OpenClient,
) -> Compared:
    """Compare what is held of one account with the API, and repair it on demand."""
    started_at, warehouse = clock(), raw.warehouse
    callbacks, measures = callbacks.measured()
    with warehouse.connected() as connection:
        as_of, state = synced_until(connection), raw.state()
        require_finished(connection, state.covered)
        accepted = OF_MODELS if request.accept_settings else ()
        used = settings_in_use(connection, state, request.settings, names=OF_MODELS | {"pii"}, accepted=accepted)
        covered = covered_ranges(connection)
    ranges = ranges_to_compare(covered.get(Axis.INSERTED, ()), request.since, request.until)
    if not ranges:
        raise SettingsError("Nothing of what the warehouse covers lies between --since and --until.")
    verification = Verification(
        raw,
        used.settings.source,
        Connection(used.settings.source, replace(callbacks, on_progress=unwatched), open_client),
        as_of,
        request.verification_id,
        on_progress=callbacks.on_progress,
        on_plan=on_plan,
        accept_deletions=request.accept_deletions,
    )
    events = events_to_count(covered.get(Axis.EVENTS, ()), as_of, request.since, request.until)
    with measures.phase("verify"):
        settled = verification.settle(_plan(request, ranges, events), repair=request.repair)
    certificate = certify(verification, ranges, request.depth, settled, started_at, clock())
    log_verdict(certificate)
    return Compared(certificate, *settled, used.settings, used.notes)


def _plan(request: VerifyRequest, ranges: Sequence[Window], events: Sequence[Window]) -> Plan:
    """Plan the comparison; a quick one counts orders alone, and searches only if it is to repair."""
    is_quick = request.depth is Depth.QUICK
    return plan_depth(
        ranges,
        request.depth,
        request.sample,
        most_searched=0 if is_quick and not request.repair else None,
        events=() if is_quick else events,
    )


def build_if_outdated(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime
) -> None:
    """Build the models if they are not up to date, asked of the file: a repair that was killed has changed only raw."""
    inputs = settings.inputs(as_of)
    if not are_up_to_date(connection, inputs):
        record_settings(connection, settings, as_of, OF_MODELS)
        warehouse.bound_memory()
        update_in_limited_memory(connection, inputs)
