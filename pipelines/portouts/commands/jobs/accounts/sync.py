"""The whole of one sync of several accounts: lock, read each, gather, record, model, check, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portouts.commands.jobs.accounts.reading import forget_queue, prepare_accounts, read_accounts
from portouts.commands.jobs.loading.outcome import AccountOutcome, first_error
from portouts.commands.jobs.loading.rows import SyncRequest
from portouts.commands.jobs.publishing.targets import publish
from portouts.commands.jobs.sync import SyncOutcome, build_after_sync
from portouts.errors import PortoutsError
from portouts.extract.options import NO_CALLBACKS, Callbacks, SyncReport
from portouts.load.connection import OpenClient
from portouts.load.dlt_config import isolated_dlt
from portouts.load.redaction import finish_redaction, redact_rows
from portouts.load.settings.remembered import OF_MODELS, SettingsInUse, record_settings, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import stored_state
from portouts.logs import log
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.accounts.folders import forget_files, has_accounts
from portouts.warehouse.accounts.gathering import gather, note_failure
from portouts.warehouse.metadata import record_build, synced_until
from portouts.warehouse.rows.answers import complete_unfinished_attempts
from portouts.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

    from portouts.transform.build import Build


# Settings that hold for all accounts, and on which the figures depend.
OF_ALL = OF_MODELS | {"pii"}


def is_of_accounts(warehouse: Warehouse, settings: Settings) -> bool:
    """Return whether accounts are set up, or were when this warehouse was synced before."""
    return bool(settings.accounts) or has_accounts(warehouse.folder)


def run_accounts_sync(
    warehouse: Warehouse,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks = NO_CALLBACKS,
    open_client: OpenClient = TelnyxClient,
) -> SyncOutcome:
    """Bring all accounts to `as_of` and publish them; an account that cannot be read stays as it was.

    Raises the error of the first account if none could be read.
    """
    log("sync.started", database=str(warehouse.database), accounts=len(request.settings.by_account()))
    with warehouse.locked(), isolated_dlt(warehouse.folder):
        if request.rebuild:
            warehouse.rebuild()
        return warehouse.healing(lambda: _sync(warehouse, request, clock, callbacks, open_client))


def _sync(
    warehouse: Warehouse,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    open_client: OpenClient,
) -> SyncOutcome:
    started_at, accounts = clock(), request.settings.by_account()
    callbacks, measures = callbacks.measured()
    connection = warehouse.connection()
    prepare_accounts(connection, warehouse, accounts)
    used = _settings_in_use(connection, request)
    request = replace(request, full=request.full or "pii" in used.changed)
    if request.full and used.settings.source.pii != "keep":  # rows that are not read again are masked at the end
        warehouse.redaction.set()
    accounts = used.settings.by_account()
    with measures.phase("read"):
        outcomes = read_accounts(warehouse, request, accounts, clock, callbacks, open_client)
    with measures.phase("gather"):
        outcomes = _gathered(connection, warehouse, outcomes, clock())
    if not any(one.loaded for one in outcomes):
        raise first_error({one.account: one.error for one in outcomes if one.error})
    with measures.phase("build"):
        build = _record(connection, warehouse, used.settings, outcomes, clock())
        as_of = synced_until(connection)
    with measures.phase("publish"):
        targets = publish(warehouse, request.settings.publish, as_of, callbacks.is_stopping, request.keep)
    report = _merged(outcomes)
    report.notes[:0] = used.notes
    if warehouse.redaction.is_set:
        forget_files(warehouse.folder)
        report.notes += finish_redaction(warehouse, used.settings, as_of).notes
    changed = sum(one.orders_changed for one in outcomes)
    seconds = (clock() - started_at) / timedelta(seconds=1)
    done = warehouse.database, as_of, report, changed, build, seconds
    return SyncOutcome(*done, None, warehouse.notes, measures, targets, outcomes)


def _settings_in_use(connection: duckdb.DuckDBPyConnection, request: SyncRequest) -> SettingsInUse:
    """Use the settings that hold for all accounts; another `pii` is accepted by reading everything again, too."""
    is_pii_given = request.full and "pii" in request.settings.found
    accepted = OF_ALL if request.accept_settings else {"pii"} if is_pii_given else ()
    return settings_in_use(connection, stored_state(connection), request.settings, names=OF_ALL, accepted=accepted)


def _gathered(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, outcomes: Sequence[AccountOutcome], now: datetime
) -> list[AccountOutcome]:
    """Gather the rows of each account that was read, and write down which ones were not."""
    done = [_gathered_one(connection, warehouse, one) if one.loaded else one for one in outcomes]
    for one in done:
        if one.error:
            note_failure(connection, one.account, now, str(one.error))
    return done


def _gathered_one(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, outcome: AccountOutcome
) -> AccountOutcome:
    own = warehouse.of_account(outcome.account)
    warehouse.bound_memory()
    try:
        gathering_id = gather(connection, own.folder / "working.duckdb", outcome.account, outcome.state)
    except PortoutsError as error:
        return AccountOutcome(outcome.account, error=error)
    forget_queue(own, gathering_id)
    log("account.gathered", account=outcome.account)
    return outcome


def _record(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    settings: Settings,
    outcomes: Sequence[AccountOutcome],
    finished_at: datetime,
) -> Build:
    """Build the models of what was gathered."""
    as_of = synced_until(connection)
    complete_unfinished_attempts(connection, finished_at)
    record_settings(connection, settings, as_of, OF_ALL)
    if warehouse.redaction.is_set:
        warehouse.bound_memory()
        redact_rows(connection, settings, as_of)
    build = build_after_sync(warehouse, connection, settings.inputs(as_of))
    for one in outcomes:
        if one.loaded:
            record_build(connection, one.loaded.request.sync_id, build.kind, build.reason)
    return build


def _merged(outcomes: Sequence[AccountOutcome]) -> SyncReport:
    """Add up what was read of all accounts."""
    reports: Mapping[str, SyncReport] = {one.account: one.loaded.report for one in outcomes if one.loaded}
    merged = SyncReport(as_of=max(report.as_of for report in reports.values()))
    for name, report in reports.items():
        merged.requests += report.requests
        merged.orders_read += report.orders_read
        merged.events_read += report.events_read
        merged.strange_rows += report.strange_rows
        merged.missing += report.missing
        merged.unproven += [f"{name}: {query}" for query in report.unproven]
        merged.notes += [f"{name}: {text}" for text in report.notes]
        merged.unusable |= report.unusable
    return merged
