"""Paths that a command was given: checked before anything is read or written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from portouts.errors import SettingsError
from portouts.load.settings.files import read_toml, with_home

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # a single letter is a drive
_ADDRESS = re.compile("[A-Za-z][A-Za-z0-9+.-]+://")
_UNUSABLE_NAME = re.compile(r"[?*\\\x00-\x1f\x7f]")
_FOLDER_ADVICE = "Name the DuckDB file, such as data/portouts.duckdb (an empty text names the current folder)."


def published_file(database: Path) -> Path:
    """Return the path of the published file, with the user's home for `~`; raises `SettingsError` if it is no file."""
    text = str(database)
    if advice := _advice_for(text):
        shown = text.replace(":/", "://", 1) if _SCHEME.match(text) else ascii(text)
        raise SettingsError(f"--database {shown}: the warehouse is a DuckDB file on this machine. {advice}")
    database = with_home("--database", database)
    if database.is_dir():
        raise SettingsError(f"--database {database} is a folder. {_FOLDER_ADVICE}")
    _require_encodable(str(database.absolute()))
    return database


def _advice_for(database: str) -> str | None:
    """Return what to do if a name can never be a local file; None if it can."""
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
    if _UNUSABLE_NAME.search(Path(database).name):
        return r"Its name must have no ?, no *, no \ and no control character: give it another one."
    return None


def _require_encodable(path: str) -> None:
    if re.search("[\ud800-\udfff]", path):
        readable = path.encode(errors="surrogateescape").decode(errors="replace")
        raise SettingsError(
            f"{readable} cannot be written in the encoding of this locale ({sys.getfilesystemencoding()}). Set "
            "PYTHONUTF8=1, or choose another name."
        )


def require_current_folder() -> None:
    """Raise `SettingsError` if the folder in which the command was started does not exist any more."""
    try:
        Path.cwd()
    except OSError as error:
        raise SettingsError(
            f"The current folder cannot be found ({error.strerror}). Change to another folder (cd) and run it again."
        ) from None


def require_folder_of(option: str, path: Path) -> Path:
    """Return the path, with the user's home for `~`; raises `SettingsError` if its folder does not exist."""
    path = with_home(option, path)
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"{option} {path}: there is no folder {path.absolute().parent}. Make it, or name another.")
    return path


def is_address(text: str) -> bool:
    """Return whether a text is an address such as s3://bucket/prefix, and no path."""
    return bool(_ADDRESS.match(text))


def address_of(option: str, text: str) -> str:
    """Return an address as it is, and the address of a folder; raises `SettingsError` if its parent does not exist."""
    return text if is_address(text) else require_folder_of(option, Path(text)).absolute().as_uri()


def require_folder(option: str, path: Path) -> Path:
    """Return the path, with the user's home for `~`; raises `SettingsError` if it is no folder."""
    path = with_home(option, path)
    if not path.is_dir():
        raise SettingsError(f"{option} {path}: there is no such folder. Name one that exists.")
    return path


def require_destination(name: str, environ: Mapping[str, str], files: Iterable[Path]) -> None:
    """Raise `SettingsError` unless dlt has this destination, a file or variable defines it, or it is a module."""
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
