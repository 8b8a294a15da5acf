"""`portouts report`: write one HTML page from notebooks, or write the notebooks for people to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.options import (
    DEFAULT_DATABASE,
    AsJson,
    Config,
    Database,
    EditableNotebooks,
    Notebooks,
    OnlyNotebooks,
    Output,
    Send,
    refuse_given,
)
from portouts.commands.terminal.environment import read_alert_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file, require_folder, require_folder_of
from portouts.commands.terminal.process import home_folder
from portouts.errors import SettingsError
from portouts.extras import REPORT_PACKAGES, require_packages
from portouts.load.settings.files import settings_files

if TYPE_CHECKING:
    from portouts.report.page.build import Report


@with_exit_status(stopped="No page was written; an earlier one is as it was.", done="The page is written.")
def report(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    output: Output = None,
    notebooks: Notebooks = None,
    only_notebooks: OnlyNotebooks = False,
    edit: EditableNotebooks = None,
    send: Send = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Run the notebooks against the published file and write one HTML page that needs nothing else."""
    if edit:
        refuse_given(
            context, "output", "notebooks", "only_notebooks", "send", because="--edit only writes our notebooks"
        )
        _write_notebooks(edit, as_json=as_json)
        return
    database = published_file(database)
    output = require_folder_of("--output", output) if output else None
    folders = [require_folder("--notebooks", folder) for folder in notebooks or []]
    if only_notebooks and not folders:
        raise SettingsError("--only-notebooks runs those of --notebooks DIR: name a folder.")
    urls = read_alert_settings(settings_files(database, config), needs_receivers=True).urls if send else ()
    require_packages(*REPORT_PACKAGES, extra="report")
    from portouts.commands.terminal.output import print_result

    with home_folder():
        from portouts.report.page.build import build_report
        from portouts.report.page.notebooks import notebooks_in

        built = build_report(database, output, notebooks_in(folders, with_own=not only_notebooks))
    sent_to = _send(built, urls) if send else []
    lines = [str(built), *(f"Sent to {receiver}." for receiver in sent_to)]
    print_result("\n".join(lines), built.to_json(), {"sent_to": sent_to} if send else {}, as_json=as_json)


def _write_notebooks(folder: Path, *, as_json: bool) -> None:
    folder = require_folder_of("--edit", folder)
    require_packages(*REPORT_PACKAGES, extra="report")
    from portouts.commands.terminal.output import print_result
    from portouts.report.page.notebooks import write_own_notebooks

    written = [str(path) for path in write_own_notebooks(folder)]
    lines = [*written, f"Change them, then: portouts report --notebooks {folder}"]
    print_result("\n".join(lines), {"notebooks": written}, as_json=as_json)


def _send(built: Report, urls: Sequence[str]) -> list[str]:
    from portouts.commands.jobs.alerts import send_report

    return send_report(built, urls)
