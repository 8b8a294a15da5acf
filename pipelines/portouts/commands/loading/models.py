"""`portouts models`: build staging, marts and checks again."""

from __future__ import annotations

from portouts.commands.loading.announced import end_behind
from portouts.commands.options import DEFAULT_DATABASE, AcceptSettings, AsJson, Config, Database, FullBuild, StateDir
from portouts.commands.terminal.environment import open_with_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.files import settings_files


@with_exit_status(
    stopped="The published file is as it was; run `portouts models` again.", done="The models are up to date."
)
def models(
    database: Database = DEFAULT_DATABASE,
    full: FullBuild = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Build the models whose inputs changed, check them, and publish. If nothing changed, nothing is built."""
    database = published_file(database)
    files = settings_files(database, config)
    warehouse, settings = open_with_settings(database, state_dir, files, needs_key=False)
    from portouts.commands.jobs.models import rebuild_models
    from portouts.commands.results.loading.models import print_models

    outcome = rebuild_models(warehouse, settings, accept_settings=accept_settings, full=full)
    print_models(outcome, as_json=as_json)
    end_behind(outcome.targets)
