"""`portouts deploy`: write the files of a schedule."""

from __future__ import annotations

from pathlib import Path

from portouts.commands.jobs.deploy import Kind, Schedule, write_deployment
from portouts.commands.options import (
    DEFAULT_DATABASE,
    DEFAULT_MINUTES,
    AsJson,
    Config,
    Database,
    Every,
    Force,
    NamedKeyFile,
    NamedUser,
    OutputFolder,
    ScheduleKind,
    StateDir,
)
from portouts.commands.results.deploy import print_deployment
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.installation import own_command, user_named
from portouts.commands.terminal.paths import published_file
from portouts.errors import SettingsError
from portouts.extras import installed_from
from portouts.load.settings.files import with_home


@with_exit_status()
def deploy(
    kind: ScheduleKind,
    output: OutputFolder,
    database: Database = DEFAULT_DATABASE,
    every: Every = DEFAULT_MINUTES,
    user: NamedUser = None,
    api_key_file: NamedKeyFile = None,
    force: Force = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a schedule, with the paths of this installation: cron, systemd, containers, GitHub, Dagster.

    The files name a file with the API key and never contain the key. Prints the commands to type next.
    """
    database = published_file(database).resolve()
    if kind is Kind.DOCKER and (config or state_dir):
        raise SettingsError(
            "A container sees only the folder of the database: keep settings in .dlt beside the database, and leave "
            "out --config and --state-dir (PORTOUTS_CONFIG, PORTOUTS_STATE_DIR)."
        )
    runs_as = user_named(user)
    schedule = Schedule(
        command=own_command(),
        database=database,
        key_file=_absolute("--api-key-file", api_key_file) or database.parent / "telnyx-api-key",
        minutes=every,
        user=runs_as.name,
        uid=runs_as.uid,
        gid=runs_as.gid,
        config=_absolute("--config", config),
        state_dir=_absolute("--state-dir", state_dir),
    )
    written = write_deployment(kind, schedule, with_home("--output", output).absolute(), force=force)
    print_deployment(written, installed_from(), as_json=as_json)


def _absolute(option: str, path: Path | None) -> Path | None:
    return with_home(option, path).absolute() if path else None
