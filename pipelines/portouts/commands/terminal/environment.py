"""Gives commands the clock, the environment, the files of settings, and the installed packages."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.commands.terminal.log.lines import LogFormat
from portouts.commands.terminal.paths import require_destination
from portouts.commands.terminal.process import prepare_imports
from portouts.commands.terminal.progress import note
from portouts.errors import SettingsError
from portouts.extract.plan import require_range
from portouts.extras import require_packages
from portouts.load.settings.files import Found, Setting, asks_vault, find_settings, parse_instant
from portouts.load.settings.key import notes_on_key_file, require_api_key, with_key_of_file
from portouts.spark.requirements import require_spark

if TYPE_CHECKING:
    from portouts.doctor.checkup import Surroundings
    from portouts.load.settings.receivers import Receivers
    from portouts.load.settings.settings import Settings
    from portouts.load.settings.tables import AlertSettings
    from portouts.warehouse.warehouse import Warehouse


def machine_time() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def asked_log_format(arguments: Sequence[str]) -> LogFormat:
    """Return the requested format of the log, also if the rest of the command line is wrong."""
    asked = os.environ.get("PORTOUTS_LOG_FORMAT", "")
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if argument == "--log-format" or argument.startswith("--log-format="):
            asked = argument.partition("=")[2] or following
    return LogFormat.JSON if asked == LogFormat.JSON else LogFormat.TEXT


def user_and_host() -> tuple[str, str]:
    """Return the name of this process's user (or its number) and of this machine."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = f"uid {os.getuid()}"
    return user, socket.gethostname()


def instants_to_read(as_of: str | None, since: str | None) -> tuple[datetime | None, datetime | None]:
    """Read `--as-of` and `--since`; raises `SettingsError` if nothing lies between them, or in the future."""
    present = machine_time()
    until = parse_instant("--as-of", as_of)
    if until and until > present:
        raise SettingsError(
            f"--as-of {until.isoformat()} lies in the future (this machine says {present.isoformat()}); "
            "a sync cannot cover the future. Give an instant in the past."
        )
    start = parse_instant("--since", since)
    require_range("--since", start, until or present)
    return until, start


def instants_to_verify(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read `--since` and `--until`; raises `SettingsError` if nothing lies between them."""
    start, end = parse_instant("--since", since), parse_instant("--until", until)
    if start and end and start >= end:
        raise SettingsError(f"--until {until} does not lie after --since {since}, so there is nothing to verify.")
    return start, end


def open_with_settings(
    database: Path,
    state_dir: Path | None,
    files: Sequence[Path],
    *,
    needs_key: bool = True,
    may_wait: bool = False,
    api_key_file: Path | None = None,
) -> tuple[Warehouse, Settings]:
    """Return the warehouse of a published file, and all settings of the environment, these files and their vault.

    Errors are raised in this order, before DuckDB, Arrow and dlt are imported: a missing key, the name of the file, a
    lock that is held, any other setting. Only a vault needs dlt. A command that `may_wait` for the lock takes it later.
    """
    found = _found_with_key(files, api_key_file) if needs_key else find_settings(os.environ, files)
    from portouts.warehouse.folders import places, require_unlocked

    if may_wait:
        places(database, state_dir)
    else:
        require_unlocked(database, state_dir)
    from portouts.load.settings.settings import read_settings

    settings = read_settings(found={**_found_in_vault(files), **found}, needs_key=needs_key)
    _require_apprise(settings.alerts)
    _require_drivers(settings.publish.targets)
    if settings.metrics.file:
        require_packages("prometheus_client", extra="metrics")
    prepare_imports()
    return _warehouse(database, state_dir, settings.publish.mode), settings


def settings_for_spark(files: Sequence[Path]) -> Settings:
    """Return all settings for a run on Spark; raises `SettingsError` first if Spark cannot run here."""
    require_spark(os.environ)
    found = find_settings(os.environ, files)
    from portouts.load.settings.settings import read_settings

    settings = read_settings(found={**_found_in_vault(files), **found}, needs_key=False)
    prepare_imports()
    return settings


def settings_to_read(files: Sequence[Path], api_key_file: Path | None = None) -> Settings:
    """Return all settings of the environment, these files and their vault, for a command that only reads the API."""
    found = _found_with_key(files, api_key_file)
    from portouts.load.settings.settings import read_settings

    settings = read_settings(found={**_found_in_vault(files), **found})
    prepare_imports()
    return settings


def settings_given(files: Sequence[Path], api_key_file: Path | None) -> Settings:
    """Return all settings of the environment, these files and their vault, whether or not there is a key."""
    found = with_key_of_file(find_settings(os.environ, files), os.environ, api_key_file)
    note(notes_on_key_file(os.environ, api_key_file))
    from portouts.load.settings.settings import read_settings

    return read_settings(found={**_found_in_vault(files), **found}, needs_key=False)


def _found_with_key(files: Sequence[Path], api_key_file: Path | None) -> Found:
    """Find all settings but those of a vault; raises `SettingsError` without a key."""
    found = with_key_of_file(find_settings(os.environ, files), os.environ, api_key_file)
    require_api_key(found, files)
    note(notes_on_key_file(os.environ, api_key_file))
    return found


def read_receivers(files: Sequence[Path]) -> Receivers:
    """Read the monitors and receivers of alerts from the environment and these files; none if a file is invalid."""
    from portouts.load.settings.receivers import receivers_among

    try:
        return receivers_among(find_settings(os.environ, files))
    except SettingsError:  # of a file that is not valid TOML; the command reports it
        return receivers_among({})


def surroundings(
    database: Path, state_dir: Path | None, files: Sequence[Path], api_key_file: Path | None
) -> Surroundings:
    """Return what a check-up needs; the check-up reads the settings itself, because a wrong one is a result."""
    from portouts.doctor.checkup import Surroundings

    return Surroundings(
        database, state_dir, files, os.environ, machine_time(), api_key_file, lambda: _found_in_vault(files)
    )


def read_alert_settings(files: Sequence[Path], *, needs_receivers: bool) -> AlertSettings:
    """Read the settings of alerts from the environment and these files, and check all other settings, too."""
    from portouts.load.settings.settings import check_settings

    settings = check_settings(find_settings(os.environ, files)).alerts
    if needs_receivers and not settings.urls:
        raise SettingsError(
            "There is no receiver of alerts: set ALERTS__URLS, or urls under [alerts] in .dlt/secrets.toml, to "
            "addresses in Apprise's format, such as mailto://user:password@example.com."
        )
    _require_apprise(settings)
    return settings


def _require_apprise(settings: AlertSettings) -> None:
    if settings.urls:
        require_packages("apprise", extra="alerts")


def _require_drivers(targets: Sequence[str]) -> None:
    if targets:
        from portouts.publish.drivers import require_drivers

        require_drivers(targets)


def _found_in_vault(files: Sequence[Path]) -> Mapping[str, Setting]:
    """Find the settings of a vault through dlt; without a vault, dlt is not imported."""
    if not asks_vault(files):
        return {}
    prepare_imports()
    from portouts.load.settings.settings import found_by_dlt

    return found_by_dlt()


def _warehouse(database: Path, state_dir: Path | None, mode: int | None) -> Warehouse:
    from portouts.warehouse.warehouse import Warehouse

    return Warehouse(database, state_dir, lambda text: note([text]), mode)


def require_engine(destination: str, files: Sequence[Path]) -> None:
    """Raise `SettingsError` unless dlt, one of these files or the environment knows this destination."""
    require_destination(destination, os.environ, files)
