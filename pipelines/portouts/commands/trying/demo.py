"""`portouts demo`: show the whole job on a simulated account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.options import DEMO_DATABASE, AsJson, NewDatabase, Seed, SimulatedOrders, WithReport
from portouts.commands.terminal.demo_files import DemoFiles
from portouts.commands.terminal.environment import machine_time
from portouts.commands.terminal.exit_status import FAILED, with_exit_status
from portouts.commands.terminal.installation import called_command
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.process import home_folder, prepare_imports
from portouts.commands.terminal.progress import progress
from portouts.errors import SettingsError
from portouts.extras import REPORT_PACKAGES, require_packages

if TYPE_CHECKING:
    from portouts.commands.jobs.demo import DemoPage


@with_exit_status(stopped="The demo is half done; run it again.", done="Its warehouse is written.")
def demo(
    database: NewDatabase = DEMO_DATABASE,
    orders: SimulatedOrders = 3_000,
    seed: Seed = 7,
    report: WithReport = True,
    as_json: AsJson = False,
) -> None:
    """See the whole job on a simulated account: two syncs 30 days apart, tables, and a report. No key, no network."""
    database = published_file(database)
    if database != DEMO_DATABASE:
        DemoFiles(database).require_replaceable()
    require_packages("starlette", "uvicorn", extra="sandbox")
    prepare_imports()
    from portouts.commands.jobs.demo import run_demo
    from portouts.commands.results.demo import print_findings, print_next_steps

    with progress() as add_bar:
        outcome = run_demo(database, orders, seed, machine_time, add_bar)
    if not as_json:
        print_findings(outcome)
    page = _write_page(database) if report else None
    print_next_steps(outcome, page, called_command(), as_json=as_json)
    if outcome.differences:
        raise typer.Exit(FAILED)


def _write_page(database: Path) -> DemoPage:
    """Write the report beside the database, if the packages for it are installed."""
    from portouts.commands.jobs.demo import DemoPage, write_page

    try:
        require_packages(*REPORT_PACKAGES, extra="report")
    except SettingsError as error:
        return DemoPage(None, str(error))
    with progress() as add_bar, home_folder():
        show = add_bar("Report")
        show(0, 1)
        page = write_page(database)
        show(1, 1)
    return page
