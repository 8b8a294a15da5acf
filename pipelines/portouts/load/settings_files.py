"""Settings that must be understood before dlt, which takes seconds to import.

A setting is an argument, `TELNYX_API_KEY` or `TELNYX_BASE_URL`, an environment variable `SOURCES__TELNYX__NAME`, or a
line under exactly `[sources.telnyx]` in a file of settings, in this order. No wider section counts, and neither does a
longer one: a bare `BASE_URL` or `API_KEY` of another program must not send our key elsewhere, nor theirs to Telnyx.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from portouts.errors import SettingsError

KEY_ADVICE = (
    "No Telnyx API key. Set the environment variable TELNYX_API_KEY, or api_key under [sources.telnyx] in "
    ".dlt/secrets.toml. `portouts demo` needs no key."
)
VARIABLES = "SOURCES__TELNYX__"
NAMED_VARIABLES = {"TELNYX_API_KEY": "api_key", "TELNYX_BASE_URL": "base_url"}
# Settings that name a list in a file, on which numbers depend. In a file of settings, such a path is relative to the
# folder of the project.
LISTS = frozenset({"holidays", "operators"})
FILES = ("secrets.toml", "config.toml")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # one letter alone would be a drive
_NO_NAME = re.compile(r"[?*\\\x00-\x1f\x7f]")


class Setting(NamedTuple):
    """A value as it was given, and where it was found."""

    value: object
    origin: str


Found = Mapping[str, Setting]


def settings_files(database: Path, config: Path | None = None) -> list[Path]:
    """Name the files that may hold settings, the first one first.

    They are those of `config`, else those beside the database and of the current folder; then the user's and the
    machine's.
    """
    own = _named_files(config) if config else _files_of(database.resolve().parent / ".dlt", Path(".dlt").absolute())
    return [*dict.fromkeys(own), *_files_of(*filter(_is_open, _shared_folders()))]


def _named_files(config: Path) -> list[Path]:
    """Take a folder of settings, the folder it lies in, or a file beside which the secrets lie."""
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
    """Leave out the home of somebody else, which the environment may name after a change of user."""
    return not folder.exists() or os.access(folder, os.R_OK | os.X_OK)


def find_settings(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, Setting]:
    """Find every setting that is given; raises `SettingsError` naming a file that cannot be read, and the place in it.

    The first place counts. Tables under `[sources.telnyx]` are dlt's own, and no settings.
    """
    found = {**found_in_environment(environ)}
    for file in files:
        for name, value in _own_section(read_toml(file)).items():
            if not isinstance(value, dict):
                found.setdefault(name, Setting(_located(name, value, file), str(file)))
    return found


def found_in_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    """Find the settings among the environment variables; a blank TELNYX_API_KEY is none."""
    own = {name.removeprefix(VARIABLES).lower(): name for name in environ if name.startswith(VARIABLES)}
    own = {key: name for key, name in own.items() if "__" not in key}
    own |= {key: name for name, key in NAMED_VARIABLES.items() if environ.get(name, "").strip()}
    return {key: Setting(_at_home(key, environ[name]), f"environment variable {name}") for key, name in own.items()}


def require_api_key(found: Found, files: Sequence[Path]) -> None:
    """Raise `SettingsError` unless a key was found, or one of these files sends dlt to a vault for it."""
    if str(found["api_key"].value if "api_key" in found else "").strip() or asks_vault(files):
        return
    folders = dict.fromkeys(str(file.parent) for file in files)
    raise SettingsError(f"{KEY_ADVICE} Looked into {', '.join(folders)}.")


def asks_vault(files: Iterable[Path]) -> bool:
    """Say whether one of these files has a `[providers]` section, which only dlt understands."""
    return any("providers" in read_toml(file) for file in files)


def published_file(database: Path) -> Path:
    """Name the published file, with the user's home for `~`; raises `SettingsError` for what is no file of here."""
    text = str(database)
    if advice := _advice_for(text):
        shown = text.replace(":/", "://", 1) if _SCHEME.match(text) else ascii(text)
        raise SettingsError(f"--database {shown}: the warehouse is a DuckDB file on this machine. {advice}")
    database = with_home("--database", database)
    if database.is_dir():
        raise SettingsError(
            f"--database {database} is a folder. Name the DuckDB file, such as data/portouts.duckdb (an empty text "
            "names the current folder)."
        )
    if re.search("[\ud800-\udfff]", path := str(database.absolute())):
        readable = path.encode(errors="surrogateescape").decode(errors="replace")
        raise SettingsError(
            f"{readable} cannot be written in the encoding of this locale ({sys.getfilesystemencoding()}). Set "
            "PYTHONUTF8=1, or choose another name."
        )
    return database


def _advice_for(database: str) -> str | None:
    """Say what to do instead of naming a place that is no file; None for one that may be."""
    scheme = _SCHEME.match(database)
    if database.strip().lower() == ":memory:":
        return "In memory nothing would stay: name a file, such as data/portouts.duckdb."
    if scheme and scheme[1].lower() in ("md", "motherduck"):
        return "Name a local file; `portouts sync --destination motherduck` loads the raw tables into MotherDuck."
    if scheme and scheme[1].lower() in ("file", "duckdb", "sqlite"):
        return "Write the path alone, without what stands before it."
    if scheme:
        return (
            "Name a local file and copy it there after each sync; `portouts sync --destination filesystem` loads the "
            "raw tables there."
        )
    if _NO_NAME.search(Path(database).name):
        return r"Its name must have no ?, no *, no \ and no control character: give it another one."
    return None


def require_current_folder() -> None:
    """Raise `SettingsError` where the folder in which the command was started is gone."""
    try:
        Path.cwd()
    except OSError as error:
        raise SettingsError(
            f"The current folder cannot be found ({error.strerror}). Change to another folder (cd) and run it again."
        ) from None


def with_home(option: str, path: Path) -> Path:
    """Put the home of the user for `~`, which no shell does in the file of a unit or a timer."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise SettingsError(f"{option} {path}: no such home folder is known. Write the whole path.") from None


def require_folder_of(option: str, path: Path) -> Path:
    """Return the path, with the user's home for `~`; raises `SettingsError` where its folder does not exist."""
    path = with_home(option, path)
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"{option} {path}: there is no folder {path.absolute().parent}. Make it, or name another.")
    return path


def require_destination(name: str, environ: Mapping[str, str], files: Iterable[Path]) -> None:
    """Raise `SettingsError` unless dlt brings this destination, a file or variable defines it, or it is a module."""
    package = find_spec("dlt")
    known = sorted(path.name for path in Path(str(package and package.origin)).parent.glob("destinations/impl/[a-z]*"))
    defined = f"DESTINATION__{name.upper()}__DESTINATION_TYPE" in environ
    if "." in name or name in known or defined or any(_defines(read_toml(file), name) for file in files):
        return
    raise SettingsError(f"--destination {name}: dlt knows no destination of this name. There are {', '.join(known)}.")


def _defines(content: Mapping[str, Any], destination: str) -> bool:
    destinations = content.get("destination")
    section = destinations.get(destination) if isinstance(destinations, dict) else None
    return isinstance(section, dict) and "destination_type" in section


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


def read_toml(path: Path) -> Mapping[str, Any]:
    """Read a file of settings; one that is not there holds nothing."""
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
        place = str(error).rpartition("(")[2]  # what stands before it may quote a key
        raise SettingsError(f"{path} is not valid TOML ({place}.") from None


def _own_section(content: Mapping[str, Any]) -> Mapping[str, Any]:
    sources = content.get("sources")
    section = sources.get("telnyx") if isinstance(sources, dict) else None
    return section if isinstance(section, dict) else {}


def _at_home(name: str, value: str) -> str:
    return str(with_home(name, Path(value))) if name in LISTS and value else value


def _located(name: str, value: object, file: Path) -> object:
    """Make a path absolute: a command may be started in any folder."""
    if name not in LISTS or not isinstance(value, str) or not value:
        return value
    folder = file.absolute().parent
    return str((folder.parent if folder.name == ".dlt" else folder) / _at_home(name, value))
