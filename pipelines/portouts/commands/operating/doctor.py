"""`portouts doctor`: check what a first sync needs."""

from __future__ import annotations

import typer

from portouts.commands.options import DEFAULT_DATABASE, ApiKeyFile, AsJson, Config, Database, StateDir
from portouts.commands.terminal.environment import surroundings
from portouts.commands.terminal.exit_status import FAILED, with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.progress import note_wait
from portouts.load.settings.files import settings_files


@with_exit_status(stopped="Nothing was changed.")
def doctor(
    database: Database = DEFAULT_DATABASE,
    config: Config = None,
    api_key_file: ApiKeyFile = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Check what a first sync needs, and say what to do: settings, key, rights, time, disk, folders, files.

    It sends at most eight GETs, waits about 20 seconds at most, and leaves nothing behind. Exit code 1: a check failed.
    """
    database = published_file(database)
    looked_at = surroundings(database, state_dir, settings_files(database, config), api_key_file)
    from portouts.commands.results.doctor import print_checkup
    from portouts.doctor.checkup import check_up

    checkup = check_up(looked_at, note_wait)
    print_checkup(checkup, as_json=as_json)
    if checkup.verdict == "failed":
        raise typer.Exit(FAILED)
