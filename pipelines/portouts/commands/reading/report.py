"""`portouts report`: write one HTML page from the notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Config, Database, Output, Send
from portouts.commands.terminal.environment import read_alert_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file, require_folder_of
from portouts.commands.terminal.process import home_folder
from portouts.extras import REPORT_PACKAGES, require_packages
from portouts.load.settings.files import settings_files

if TYPE_CHECKING:
    from portouts.report.page.build import Report


@with_exit_status(stopped="No page was written; an earlier one is as it was.", done="The page is written.")
def report(
    database: Database = DEFAULT_DATABASE,
    output: Output = None,
    send: Send = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Run the notebooks against the published file and write one HTML page that needs nothing else."""
    database = published_file(database)
    output = require_folder_of("--output", output) if output else None
    urls = read_alert_settings(settings_files(database, config), needs_receivers=True).urls if send else ()
    require_packages(*REPORT_PACKAGES, extra="report")
    from portouts.commands.terminal.output import print_result

    with home_folder():
        from portouts.report.page.build import build_report

        built = build_report(database, output)
    sent_to = _send(built, urls) if send else []
    lines = [str(built), *(f"Sent to {receiver}." for receiver in sent_to)]
    print_result("\n".join(lines), built.to_json(), {"sent_to": sent_to} if send else {}, as_json=as_json)


def _send(built: Report, urls: Sequence[str]) -> list[str]:
    from portouts.commands.jobs.alerts import send_report

    return send_report(built, urls)
