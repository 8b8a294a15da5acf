"""Finds settings in the environment and in files, without dlt, which takes seconds to import.

A setting is an argument, `TELNYX_API_KEY` or `TELNYX_BASE_URL`, an environment variable `SOURCES__TELNYX__NAME`, or a
line under exactly `[sources.telnyx]` in a file of settings, in this order. No shorter or longer section counts: a
`BASE_URL` or `API_KEY` of another program must not send our key elsewhere, nor that program's key to Telnyx.
`[publish]`, `[metrics]` and `[alerts]` are ours, too. Variables such as `METRICS__PORT`, which are no
settings, are ignored.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from portouts.errors import SettingsError

VARIABLES = "SOURCES__TELNYX__"
ACCOUNTS = "accounts."
"""How the names of settings of one account begin: `accounts.NAME.setting`."""
NAMED_VARIABLES = {
    "TELNYX_API_KEY": "api_key",
    "TELNYX_BASE_URL": "base_url",
    "PUBLISH__MODE": "publish.mode",
    "PUBLISH__TARGETS": "publish.targets",
    "PUBLISH__SCHEMAS": "publish.schemas",
    "PUBLISH__KEEP": "publish.keep",
    "PUBLISH__TIMEOUT_MINUTES": "publish.timeout_minutes",
    "METRICS__FILE": "metrics.file",
    "METRICS__PING_URL": "metrics.ping_url",
    "ALERTS__URLS": "alerts.urls",
    "ALERTS__HOURS_BEFORE": "alerts.hours_before",
    "ALERTS__ALERTS_FOLDER": "alerts.alerts_folder",
}
OWN_TABLES = ("publish", "metrics", "alerts")
# Settings whose value is the path of a list, and all that are paths. In a file of settings, a path is relative to the
# folder of the project.
LISTS = frozenset({"holidays", "carriers", "customer_values", "labels"})
PATHS = LISTS | {"metrics.file", "alerts.alerts_folder"}
FILES = ("secrets.toml", "config.toml")
_OF_ACCOUNT = r"accounts__[^_].*?__[a-z_]+"


class Setting(NamedTuple):
    """A value as it was given, and where it was found."""

    value: object
    origin: str


Found = Mapping[str, Setting]


def settings_files(database: Path, config: Path | None = None) -> list[Path]:
    """List the files that may contain settings; the first file that has a setting counts.

    They are those of `config`, else those beside the database and of the current folder; then the user's and the
    machine's.
    """
    own = _named_files(config) if config else _files_of(database.resolve().parent / ".dlt", Path(".dlt").absolute())
    return [*dict.fromkeys(own), *_files_of(*filter(_is_open, _shared_folders()))]


def _named_files(config: Path) -> list[Path]:
    """List the files of `--config`, which is a folder of settings, its parent, or a file beside the secrets."""
    config = with_home("--config", config).absolute()
    if config.is_file():
        return [config.with_name(FILES[0]), config] if config.name not in FILES else _files_of(config.parent)
    for folder in (config, config / ".dlt"):
        if any((folder / name).is_file() for name in FILES):
            return _files_of(folder)
    raise SettingsError(f"--config {config}: there is neither such a file, nor {' or '.join(FILES)} in such a folder.")


def _files_of(*folders: Path) -> list[Path]:
    return [folder / name for folder in folders for name in FILES]


def _shared_folders() -> Iterator[Path]:
    with suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".dlt"
    yield Path("/var/dlt")


def _is_open(folder: Path) -> bool:
    """Return whether we may read a folder: after a change of user, HOME may still name another user's home."""
    return not folder.exists() or os.access(folder, os.R_OK | os.X_OK)


def find_settings(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, Setting]:
    """Find every setting that is given; the environment comes before the files.

    Of the tables under `[sources.telnyx]`, only `accounts` is ours; the others are dlt's. Raises `SettingsError`, which
    names a file that cannot be read, with line and column.
    """
    found = {**found_in_environment(environ)}
    for file in files:
        content = read_toml(file)
        given = {name: value for name, value in _own_section(content).items() if not isinstance(value, dict)}
        for name, value in (given | _of_accounts(content, file) | _own_tables(content, file)).items():
            found.setdefault(name, Setting(_located(name, value, file), str(file)))
    return found


def found_in_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    """Find the settings among the environment variables; a blank variable such as `TELNYX_API_KEY` does not count."""
    own = {name.removeprefix(VARIABLES).lower(): name for name in environ if name.startswith(VARIABLES)}
    of_accounts = {key.replace("__", "."): name for key, name in own.items() if re.fullmatch(_OF_ACCOUNT, key)}
    own = {_plain(key): name for key, name in own.items() if "__" not in key} | of_accounts
    own |= {key: name for name, key in NAMED_VARIABLES.items() if environ.get(name, "").strip()}
    return {key: Setting(_at_home(key, environ[name]), f"environment variable {name}") for key, name in own.items()}


def asks_vault(files: Iterable[Path]) -> bool:
    """Return whether one of these files has a section `[providers]`, which only dlt understands."""
    return any("providers" in read_toml(file) for file in files)


def with_home(option: str, path: Path) -> Path:
    """Replace `~` by the user's home; systemd, for example, does not."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise SettingsError(f"{option} {path}: no such home folder is known. Write the whole path.") from None


def parse_instant(name: str, text: str | None) -> datetime | None:
    """Read a date or an instant; without a zone it is UTC. Raises `SettingsError`, which names the setting."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{name}: {text!r} is neither a date (2026-05-01) nor an instant (2026-05-01T00:00:00Z)."
        ) from None


def read_toml(path: Path) -> Mapping[str, Any]:
    """Read a file of settings; a missing file contains nothing."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        *before, last = content[: error.start].split(b"\n")
        place = f"at line {len(before) + 1}, column {len(last) + 1}"
        raise SettingsError(f"{path} is not UTF-8 text ({place}).") from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2]  # the text before it may contain a key
        raise SettingsError(f"{path} is not valid TOML ({place}.") from None


def _own_section(content: Mapping[str, Any]) -> dict[str, Any]:
    sources = content.get("sources")
    section = sources.get("telnyx") if isinstance(sources, dict) else None
    # A quoted name may contain a dot; it must not count as a setting of another table.
    return {_plain(name): value for name, value in section.items()} if isinstance(section, dict) else {}


def _of_accounts(content: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the settings under `[sources.telnyx.accounts]` as `accounts.NAME.setting`."""
    accounts = _own_section(content).get("accounts", {})
    if not isinstance(accounts, dict) or not all(isinstance(table, dict) for table in accounts.values()):
        raise SettingsError(f"Write each account as a table [sources.telnyx.accounts.NAME] with api_key ({file}).")
    return {
        f"{ACCOUNTS}{account}.{name}": value for account, table in accounts.items() for name, value in table.items()
    }


def _own_tables(content: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the settings of our other tables as `table.name`."""
    given = {table: content[table] for table in OWN_TABLES if table in content}
    if wrong := [table for table, settings in given.items() if not isinstance(settings, dict)]:
        raise SettingsError(f"{wrong[0]} is a table: write its settings below a line [{wrong[0]}] ({file}).")
    return {f"{table}.{name}": value for table, settings in given.items() for name, value in settings.items()}


def _plain(name: str) -> str:
    return f"sources.telnyx.{name}" if "." in name else name


def _at_home(name: str, value: str) -> str:
    return str(with_home(name, Path(value))) if _is_path(name) and value else value


def _is_path(name: str) -> bool:
    return name in PATHS or (name.startswith(ACCOUNTS) and name.endswith(".api_key_file"))


def _located(name: str, value: object, file: Path) -> object:
    """Make a path absolute: a command may be started in any folder."""
    if not _is_path(name) or not isinstance(value, str) or not value:
        return value
    folder = file.absolute().parent
    return str((folder.parent if folder.name == ".dlt" else folder) / _at_home(name, value))
