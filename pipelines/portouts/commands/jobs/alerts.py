"""Sends alerts after a command, runs `portouts alerts`, and sends the report as an attached file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.errors import AccountsBehind, NotDelivered, NotPublished, TargetsBehind
from portouts.load.settings.tables import AlertSettings
from portouts.monitor.alerts.finding import Alert
from portouts.monitor.alerts.notification import SECONDS_OF_SEARCH, Account, notify
from portouts.monitor.alerts.outcomes import (
    AccountEnd,
    alert_of_accounts,
    alert_of_failure,
    alert_of_proof,
    with_targets,
)
from portouts.monitor.alerts.receivers import Delivery, Message, deliver
from portouts.monitor.alerts.search import search
from portouts.warehouse.folders import working_folder

if TYPE_CHECKING:
    from portouts.commands.jobs.loading.outcome import AccountOutcome
    from portouts.commands.jobs.sync import SyncOutcome
    from portouts.commands.jobs.verify import VerifyOutcome
    from portouts.report.page.build import Report

SECONDS = 10.0
SECONDS_OF_REPORT = 120.0  # a page is large, and sending it is the purpose of the command


@dataclass(frozen=True)
class Preview:
    """What the alerts find in the published file, whether sent before or not."""

    as_of: datetime
    alerts: list[Alert]


def send_alerts(
    database: Path, state_dir: Path | None, settings: AlertSettings, ended: Alert, now: datetime
) -> Iterable[str]:
    """Send new findings after a command has ended; return notes."""
    if find_spec("apprise") is None:
        return ()  # the command itself has reported that
    published = database.resolve()
    return notify(Account(published, working_folder(published, state_dir)), settings, ended, now)


def alert_of_end(command: str, error: BaseException | None, outcome: SyncOutcome | VerifyOutcome | None) -> Alert:
    """Return the alert about the end of a command."""
    if error and not isinstance(error, AccountsBehind | TargetsBehind):
        return alert_of_failure(command, error)
    behind = {one.target: one.error for one in outcome.targets if one.error} if outcome else {}
    return with_targets(_alert_of_rows(command, outcome), behind)


def _alert_of_rows(command: str, outcome: SyncOutcome | VerifyOutcome | None) -> Alert:
    """Return the alert about accounts that failed, and about rows that are not proven."""
    if ends := _ends_of_accounts(outcome):
        return alert_of_accounts(command, ends)
    from portouts.commands.jobs.sync import SyncOutcome

    unproven = outcome.report.unproven if isinstance(outcome, SyncOutcome) else ()
    return alert_of_proof(command, outcome.certificate if outcome else None, unproven)


def _ends_of_accounts(outcome: SyncOutcome | VerifyOutcome | None) -> Sequence[AccountEnd]:
    """Return how a command ended for each account; nothing if there is one account, or none was read."""
    if outcome is None:
        return ()
    from portouts.commands.jobs.sync import SyncOutcome

    if isinstance(outcome, SyncOutcome):
        return [_end_of(one) for one in outcome.accounts]
    compared = [AccountEnd(one.account, certificate=one.certificate) for one in (outcome, *outcome.others)]
    failed = [AccountEnd(account, error) for account, error in outcome.errors.items()]
    return [*compared, *failed] if len(compared) + len(failed) > 1 else ()


def _end_of(outcome: AccountOutcome) -> AccountEnd:
    if outcome.loaded is None:
        return AccountEnd(outcome.account, outcome.error)
    return AccountEnd(outcome.account, None, outcome.loaded.certificate, outcome.loaded.report.unproven)


def preview(database: Path, settings: AlertSettings, now: datetime) -> Preview:
    """Run all queries and send nothing. Raises `NotPublished`."""
    found = search(database, settings.alerts_folder, now, settings.hours_before, SECONDS_OF_SEARCH)
    if found.as_of is None:
        raise NotPublished(f"{database} holds no finished sync that can be read. Run `portouts sync` first.")
    return Preview(found.as_of, [alert for alert in found.alerts if alert.findings])


def send_test(urls: Iterable[str], database: Path) -> list[Delivery]:
    """Send a test message to each receiver."""
    message = Message("portouts: a test", f"Alerts of {database.name} arrive here.")
    return deliver([(url, message) for url in urls], SECONDS)


def send_report(report: Report, urls: Sequence[str]) -> list[str]:
    """Send the page to all receivers; return their names. Raises `NotDelivered` if a receiver did not get it."""
    answers = [f"{question} {answer}" for question, answer in report.to_json()["answers"].items()]
    message = Message("portouts: report", "\n\n".join([*answers, report.state.text]), str(report.output))
    deliveries = deliver([(url, message) for url in urls], SECONDS_OF_REPORT)
    if failed := [str(one) for one in deliveries if one.problem]:
        raise NotDelivered(
            f"{report.output} is written, but not every receiver got it: {' '.join(failed)} Try `portouts alerts test`."
        )
    return [one.receiver for one in deliveries]
