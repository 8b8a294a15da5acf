"""`portouts publish`: bring the targets of `[publish]` up to date."""

from __future__ import annotations

from portouts.commands.loading.announced import end_behind
from portouts.commands.options import DEFAULT_DATABASE, AsJson, Config, Database, StateDir
from portouts.commands.terminal.environment import open_with_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.files import settings_files


@with_exit_status(stopped="Run `portouts publish` again to finish.", done="The targets are up to date.")
def publish(
    database: Database = DEFAULT_DATABASE,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Copy the published file to the targets of [publish] again: send what differs, and compare all of it."""
    database = published_file(database)
    warehouse, settings = open_with_settings(database, state_dir, settings_files(database, config), needs_key=False)
    from portouts.commands.jobs.publishing.targets import run_publish
    from portouts.commands.results.loading.targets import print_publication

    outcome = run_publish(warehouse, settings.publish)
    print_publication(outcome, as_json=as_json)
    end_behind(outcome.targets)
