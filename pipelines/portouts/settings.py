"""Settings that must be understood before dlt, which takes seconds to import, is there to read them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portouts.errors import PortoutsError
from portouts.sync_plan import BEGINNING

KEY_ADVICE = (
    "No Telnyx API key. Set the environment variable TELNYX_API_KEY, or api_key under [sources.telnyx] in "
    ".dlt/secrets.toml. `portouts demo` needs no key."
)
# dlt looks for a setting in its own section first and then in every wider one.
_KEY_VARIABLES = ("TELNYX_API_KEY", "SOURCES__TELNYX__API_KEY", "SOURCES__API_KEY", "API_KEY")
_KEY_PATHS = (("sources", "telnyx", "api_key"), ("sources", "api_key"), ("api_key",))


class SettingsError(PortoutsError):
    """A setting is missing or cannot be used; the message says which, and what to set."""

    exit_code = 2


def settings_folders(environ: Mapping[str, str], home: Path) -> list[Path]:
    """Name the folders in which dlt may look for settings: the project's, then those of the user and the machine."""
    name = environ.get("DLT_CONFIG_FOLDER", ".dlt")
    of_user = [home / name, *(Path(folder, "dlt") for folder in [environ.get("XDG_DATA_HOME")] if folder)]
    return [Path(environ.get("DLT_PROJECT_DIR", "."), name), *of_user, Path("/var/dlt")]


def read_files(folders: Iterable[Path]) -> list[Mapping[str, Any]]:
    """Read every file of settings; raises `SettingsError` naming the one that cannot be read, and the place in it."""
    return [_toml(folder / name) for folder in folders for name in ("secrets.toml", "config.toml")]


def require_api_key(environ: Mapping[str, str], folders: Sequence[Path]) -> None:
    """Raise `SettingsError` unless a key can be found in the environment or in these folders.

    A `[providers]` section means that dlt asks a vault, which only dlt can do; it then has the word.
    """
    files = read_files(folders)
    if any(environ.get(name, "").strip() for name in _KEY_VARIABLES):
        return
    if any("providers" in content or any(_at(content, keys) for keys in _KEY_PATHS) for content in files):
        return
    raise SettingsError(f"{KEY_ADVICE} Looked into {', '.join(map(str, folders))}.")


def require_file(database: Path) -> None:
    """Raise `SettingsError` where the published file cannot lie."""
    if database.is_dir():
        raise SettingsError(
            f"--database {database} is a folder. Name the DuckDB file, such as data/portouts.duckdb (an empty text "
            "names the current folder)."
        )


def parse_instant(name: str, text: str | None) -> datetime | None:
    """Read a date or an instant; without a zone it is UTC. Raises `SettingsError` naming the setting."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{name}: {text!r} is neither a date (2026-05-01) nor an instant (2026-05-01T00:00:00Z)."
        ) from None


def require_range(name: str, start: datetime | None, as_of: datetime) -> None:
    """Raise `SettingsError` where nothing lies between the beginning named so and the instant to read up to."""
    if as_of < BEGINNING:
        raise SettingsError(
            f"--as-of {as_of.isoformat()} lies before {BEGINNING:%Y-%m-%d}, when Telnyx had no numbers yet. Give a "
            "later instant."
        )
    if start and start > as_of:
        raise SettingsError(
            f"{name} {start.isoformat()} lies after --as-of {as_of.isoformat()} (by default, now), so there is nothing "
            "to read in between. Give an earlier day."
        )


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return {}
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        *before, last = content[: error.start].split(b"\n")
        place = f"at line {len(before) + 1}, column {len(last) + 1}"
        raise SettingsError(f"{path} is not UTF-8 text ({place}).") from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2]  # what stands before it may quote a key
        raise SettingsError(f"{path} is not valid TOML ({place}.") from None


def _at(content: Mapping[str, Any], keys: Iterable[str]) -> object:
    value: object = content
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
