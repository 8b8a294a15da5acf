"""What alerts do for a command that ended, what `portouts alerts` does, and the report as a file of a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.errors import NotDelivered, NotPublished
from portouts.load.settings.tables import AlertSettings
from portouts.monitor.alerts.finding import Alert
from portouts.monitor.alerts.outcomes import alert_of_failure, alert_of_proof
from portouts.monitor.alerts.receivers import Delivery, Message, deliver
from portouts.monitor.alerts.search import search
from portouts.monitor.alerts.telling import SECONDS_OF_SEARCH, Account, tell
from portouts.warehouse.folders import working_folder

if TYPE_CHECKING:
    from portouts.commands.jobs.sync import SyncOutcome
    from portouts.commands.jobs.verify import VerifyOutcome
    from portouts.report.page import Report

SECONDS = 10.0
SECONDS_OF_REPORT = 120.0  # a page is large, and sending it is what was asked for


@dataclass(frozen=True)
class Preview:
    """What the published file has to tell, sent before or not."""

    as_of: datetime
    alerts: list[Alert]


def tell_people(
    database: Path, state_dir: Path | None, settings: AlertSettings, ended: Alert, now: datetime
) -> Iterable[str]:
    """Send what is new after a command has ended; return notes."""
    if find_spec("apprise") is None:
        return ()  # the command itself has refused that
    published = database.resolve()
    return tell(Account(published, working_folder(published, state_dir)), settings, ended, now)


def alert_of_end(command: str, error: BaseException | None, outcome: SyncOutcome | VerifyOutcome | None) -> Alert:
    """Return what there is to tell of a command that ended."""
    if error:
        return alert_of_failure(command, error)
    from portouts.commands.jobs.sync import SyncOutcome

    unproven = outcome.report.unproven if isinstance(outcome, SyncOutcome) else ()
    return alert_of_proof(command, outcome.certificate if outcome else None, unproven)


def preview(database: Path, settings: AlertSettings, now: datetime) -> Preview:
    """Run all queries and send nothing. Raises `NotPublished`."""
    found = search(database, settings.alerts_folder, now, settings.hours_before, SECONDS_OF_SEARCH)
    if found.as_of is None:
        raise NotPublished(f"{database} holds no finished sync that can be read. Run `portouts sync` first.")
    return Preview(found.as_of, [alert for alert in found.alerts if alert.findings])


def send_test(urls: Iterable[str], database: Path) -> list[Delivery]:
    """Send a message to each receiver that says that alerts arrive."""
    message = Message("portouts: a test", f"Alerts of {database.name} arrive here.")
    return deliver([(url, message) for url in urls], SECONDS)


def send_report(report: Report, urls: Sequence[str]) -> list[str]:
    """Send the page to all receivers; return their names. Raises `NotDelivered` if one did not get it."""
    answers = [f"{question} {answer}" for question, answer in report.to_json()["answers"].items()]
    message = Message("portouts: report", "\n\n".join([*answers, report.state.get("text", "")]), str(report.output))
    deliveries = deliver([(url, message) for url in urls], SECONDS_OF_REPORT)
    if failed := [str(one) for one in deliveries if one.problem]:
        raise NotDelivered(
            f"{report.output} is written, and not everybody got it: {' '.join(failed)} Try `portouts alerts test`."
        )
    return [one.receiver for one in deliveries]
