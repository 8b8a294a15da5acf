"""`portouts settings`: show the settings that a sync would use, and where each comes from."""

from __future__ import annotations

from portouts.commands.options import DEFAULT_DATABASE, ApiKeyFile, AsJson, Config, Database
from portouts.commands.terminal.environment import settings_given
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.files import settings_files


@with_exit_status()
def settings(
    database: Database = DEFAULT_DATABASE,
    api_key_file: ApiKeyFile = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show all settings: value, origin and allowed values. Secrets are never shown, only whether they are set."""
    database = published_file(database)
    files = settings_files(database, config)
    given = settings_given(files, api_key_file)
    from portouts.commands.results.settings import print_settings
    from portouts.load.settings.overview import overview_of

    print_settings(overview_of(given, database, files), as_json=as_json)
