"""Finds the API key and reads it from a file.

`--api-key-file` comes first, then `TELNYX_API_KEY` and `TELNYX_API_KEY_FILE`, then all other places of settings. The
two variables must give the same key, because the intended account is unknown otherwise. No message shows the content of
a file.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from portouts.errors import SettingsError
from portouts.load.settings.files import ACCOUNTS, Found, Setting, asks_vault, with_home

KEY_ADVICE = (
    "No Telnyx API key. Set the environment variable TELNYX_API_KEY, or api_key under [sources.telnyx] in "
    ".dlt/secrets.toml. `portouts demo` needs no key."
)
OPTION, VARIABLE = "--api-key-file", "TELNYX_API_KEY_FILE"
# Longer than any key. The limit is needed because /dev/zero has no end.
_MOST_BYTES = 64 * 1024


def with_key_of_file(found: Found, environ: Mapping[str, str], option: Path | None = None) -> Found:
    """Add the key of the file that the option or the environment names; raises `SettingsError` if it holds no key."""
    if option is not None:
        return {**found, "api_key": Setting(read_key(OPTION, option), f"{OPTION} {option}")}
    named = environ.get(VARIABLE, "").strip()
    if not named:
        return found
    key, other = read_key(VARIABLE, Path(named)), environ.get("TELNYX_API_KEY", "").strip()
    if other and other != key:
        raise SettingsError(
            f"TELNYX_API_KEY and the file {named} of {VARIABLE} contain different keys. Unset one of the two variables."
        )
    origin = "environment variable TELNYX_API_KEY" if other else f"file {named} of {VARIABLE}"
    return {**found, "api_key": Setting(key, origin)}


def notes_on_key_file(environ: Mapping[str, str], option: Path | None = None) -> list[str]:
    """Warn if every user of this machine may read the key file, except below /run, where containers mount secrets.

    The file can be a pipe, so it is not opened.
    """
    variable = environ.get(VARIABLE, "").strip()
    named = option or (Path(variable) if variable else None)
    if named is None or not _is_open_to_all(with_home(OPTION, named)):
        return []
    return [f"portouts: every user of this machine can read the API key in {named}: chmod 600 {named}"]


def _is_open_to_all(path: Path) -> bool:
    path = path.resolve()
    try:
        mode, folders = path.stat().st_mode, [folder.stat().st_mode for folder in path.parents]
    except OSError:
        return False
    can_read = stat.S_ISREG(mode) and mode & stat.S_IROTH and all(folder & stat.S_IXOTH for folder in folders)
    return bool(can_read) and not path.is_relative_to("/run")


def require_api_key(found: Found, files: Sequence[Path]) -> None:
    """Raise `SettingsError` unless a key was found, or one of these files names a vault."""
    has_key = str(found["api_key"].value if "api_key" in found else "").strip()
    if has_key or asks_vault(files) or any(name.startswith(ACCOUNTS) for name in found):
        return
    folders = dict.fromkeys(str(file.parent) for file in files)
    raise SettingsError(f"{KEY_ADVICE} Looked into {', '.join(folders)}.")


def usable_key(api_key: str, origin: str) -> str:
    """Remove blanks around the key, which files and shells add; the message never shows a key that cannot be sent."""
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            f"The Telnyx API key ({origin}) contains a character that no key has, such as a line break, a space or an "
            "accent. Copy it again into TELNYX_API_KEY, or into api_key under [sources.telnyx] in .dlt/secrets.toml."
        )
    return key


def read_key(name: str, path: Path) -> str:
    """Read the only line of a file; raises `SettingsError`, which calls the setting by this name."""
    try:
        with with_home(name, path).open("rb") as file:
            content = file.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be one"
        raise SettingsError(
            f"{name} {path} cannot be read: {reason}. Name a file that holds the API key alone."
        ) from None
    lines = [line for line in content.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    if len(lines) != 1:
        problem = "has several lines" if lines else "is empty"
        raise SettingsError(f"{name} {path} {problem}. It must hold the API key alone.")
    return usable_key(lines[0], f"{name} {path}")
