"""`portouts alerts`: test the receivers, and show what alerts find."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Config, Database
from portouts.commands.terminal.environment import machine_time, read_alert_settings
from portouts.commands.terminal.exit_status import FAILED, with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.files import settings_files

if TYPE_CHECKING:
    from portouts.load.settings.tables import AlertSettings


@with_exit_status()
def send_test(database: Database = DEFAULT_DATABASE, config: Config = None, as_json: AsJson = False) -> None:
    """Send a test message to every receiver of alerts, and say whether it arrived.

    Exit code 1: a receiver did not get it.
    """
    database = published_file(database)
    settings = _settings(database, config, needs_receivers=True)
    from portouts.commands.jobs.alerts import send_test as send
    from portouts.commands.results.alerts import print_deliveries

    deliveries = send(settings.urls, database)
    print_deliveries(deliveries, as_json=as_json)
    if any(one.problem for one in deliveries):
        raise typer.Exit(FAILED)


@with_exit_status()
def preview(database: Database = DEFAULT_DATABASE, config: Config = None, as_json: AsJson = False) -> None:
    """Show everything that alerts find in the published file now, also if it was sent before. Sends nothing."""
    database = published_file(database)
    settings = _settings(database, config)
    from portouts.commands.jobs.alerts import preview as find
    from portouts.commands.results.alerts import print_preview

    print_preview(find(database, settings, machine_time()), as_json=as_json)


def _settings(database: Path, config: Path | None, *, needs_receivers: bool = False) -> AlertSettings:
    return read_alert_settings(settings_files(database, config), needs_receivers=needs_receivers)
