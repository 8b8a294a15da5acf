"""`portouts demo`: show the whole job on a simulated account."""

from __future__ import annotations

from pathlib import Path

import typer

from portouts.commands.options import DEMO_DATABASE, AsJson, NewDatabase, Seed, SimulatedOrders
from portouts.commands.terminal.environment import machine_time, require_packages
from portouts.commands.terminal.exit_status import FAILED, with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.process import prepare_imports
from portouts.commands.terminal.progress import progress
from portouts.errors import SettingsError


@with_exit_status(
    stopped="The demo is half done; run it again, into another file where you named one.",
    done="Its warehouse is written.",
)
def demo(
    database: NewDatabase = DEMO_DATABASE, orders: SimulatedOrders = 3_000, seed: Seed = 7, as_json: AsJson = False
) -> None:
    """See the whole job on a simulated account: two syncs 30 days apart, then the report. Needs no key, no network."""
    database = published_file(database)
    _require_new(database)
    require_packages("starlette", "uvicorn", extra="sandbox")
    prepare_imports()
    from portouts.commands.jobs.demo import run_demo
    from portouts.commands.results.demo import print_demo

    with progress() as add_bar:
        outcome = run_demo(database, orders, seed, machine_time, add_bar)
    print_demo(outcome, as_json=as_json)
    if outcome.differences:
        raise typer.Exit(FAILED)


def _require_new(database: Path) -> None:
    """Raise `SettingsError` if a named file or its working state exists; the default file may be replaced."""
    state = database.parent / ".portouts" / database.name
    if database != DEMO_DATABASE and (database.exists() or state.exists()):
        raise SettingsError(f"{database} exists already; give the demo a new file.")
