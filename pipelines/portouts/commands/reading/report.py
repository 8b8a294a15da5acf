"""`portouts report`: write one HTML page from the notebooks."""

from __future__ import annotations

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Database, Output
from portouts.commands.terminal.environment import require_packages
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file, require_folder_of
from portouts.commands.terminal.process import home_folder


@with_exit_status(stopped="No page was written; an earlier one is as it was.", done="The page is written.")
def report(database: Database = DEFAULT_DATABASE, output: Output = None, as_json: AsJson = False) -> None:
    """Run the notebooks against the published file and write one HTML page that needs nothing else."""
    database = published_file(database)
    output = require_folder_of("--output", output) if output else None
    require_packages("ipykernel", "jinja2", "matplotlib", "mistune", "nbclient", "nbformat", extra="report")
    from portouts.commands.terminal.output import print_result

    with home_folder():
        from portouts.report.page import build_report

        built = build_report(database, output)
    print_result(str(built), built.to_json(), as_json=as_json)
