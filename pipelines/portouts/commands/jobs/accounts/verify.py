"""The whole of one `verify` of several accounts: compare each with its API, gather, build, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import msgspec

from portouts.commands.jobs.accounts.reading import forget_queue, prepare_accounts
from portouts.commands.jobs.loading.outcome import first_error
from portouts.commands.jobs.publishing.targets import publish
from portouts.commands.jobs.verify import Compared, VerifyOutcome, VerifyRequest, build_if_outdated, compare
from portouts.errors import Interrupted, PortoutsError
from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.load.connection import OpenClient
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import raw_pipeline
from portouts.load.settings.accounts import named_key
from portouts.load.settings.remembered import OF_MODELS, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import stored_state
from portouts.logs import WARNING, log
from portouts.telnyx.client import TelnyxClient
from portouts.verify.comparison import Verdict
from portouts.verify.count_buckets import ComparisonPlan
from portouts.warehouse.accounts.gathering import gather
from portouts.warehouse.metadata import record_verification, synced_until
from portouts.warehouse.warehouse import Warehouse

_FROM_WORST = (Verdict.DIFFERENT, Verdict.UNPROVEN, Verdict.PROVEN)


def run_accounts_verify(
    warehouse: Warehouse,
    request: VerifyRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks = NO_CALLBACKS,
    on_plan: Callable[[ComparisonPlan], None] = lambda _plan: None,
    open_client: OpenClient = TelnyxClient,
) -> VerifyOutcome:
    """Compare every account, one after the other; one that cannot be read does not stop the others.

    The outcome is that of the account with the worst verdict. Raises the error of the first account if all failed.
    """
    warehouse.require_loaded()
    callbacks, measures = callbacks.measured()
    with warehouse.locked(), isolated_dlt(warehouse.folder):
        connection, accounts = warehouse.connection(), request.settings.by_account()
        prepare_accounts(connection, warehouse, accounts)
        found, errors = _compared(warehouse, request, accounts, clock, callbacks, on_plan, open_client)
        if not found:
            raise first_error(errors)
        as_of, state = synced_until(connection), stored_state(connection)
        accepted = OF_MODELS if request.accept_settings else ()
        used = settings_in_use(connection, state, request.settings, names=OF_MODELS, accepted=accepted)
        with measures.phase("build"):
            build_if_outdated(warehouse, connection, used.settings, as_of)
        with measures.phase("publish"):
            targets = publish(warehouse, request.settings.publish, as_of, callbacks.is_stopping)
        outcomes = [replace(one.outcome(warehouse, targets), account=name) for name, one in found.items()]
        worst, *others = sorted(outcomes, key=lambda one: _FROM_WORST.index(Verdict(one.certificate.verdict)))
        return replace(worst, others=others, errors=errors)


def _compared(
    warehouse: Warehouse,
    request: VerifyRequest,
    accounts: Mapping[str, Settings],
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    on_plan: Callable[[ComparisonPlan], None],
    open_client: OpenClient,
) -> tuple[dict[str, Compared], dict[str, PortoutsError]]:
    """Compare each account, and gather what was repaired with its certificate."""
    found, errors = dict[str, Compared](), dict[str, PortoutsError]()
    for name, settings in accounts.items():
        own, asked = warehouse.of_account(name), replace(request, settings=settings, verification_id=str(uuid4()))
        try:
            with named_key(name, request.settings.found), own.locked(), raw_pipeline(own) as raw:
                found[name] = compare(raw, asked, clock, callbacks, on_plan, open_client)
                with own.connected() as connection:
                    record_verification(connection, found[name].certificate)
                    connection.execute("checkpoint")
                state = msgspec.json.encode(raw.state_json()).decode()
            gathering_id = gather(warehouse.connection(), own.folder / "working.duckdb", name, state)
            forget_queue(own, gathering_id)
        except Interrupted:
            raise
        except PortoutsError as error:
            log("account.failed", account=name, error=type(error).__name__, level=WARNING)
            found.pop(name, None)
            errors[name] = error
    return found, errors
