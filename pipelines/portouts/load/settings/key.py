"""The API key: where it is looked for, and the message that says where to put it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from portouts.errors import SettingsError
from portouts.load.settings.files import Found, asks_vault

KEY_ADVICE = (
    "No Telnyx API key. Set the environment variable TELNYX_API_KEY, or api_key under [sources.telnyx] in "
    ".dlt/secrets.toml. `portouts demo` needs no key."
)


def require_api_key(found: Found, files: Sequence[Path]) -> None:
    """Raise `SettingsError` unless a key was found, or one of these files names a vault."""
    if str(found["api_key"].value if "api_key" in found else "").strip() or asks_vault(files):
        return
    folders = dict.fromkeys(str(file.parent) for file in files)
    raise SettingsError(f"{KEY_ADVICE} Looked into {', '.join(folders)}.")


def usable_key(api_key: str) -> str:
    """Remove blanks around the key, which files and shells add; the message never shows a key that cannot be sent."""
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            "The Telnyx API key contains a character that no key has, such as a line break, a space or an accent. Copy "
            "it again into TELNYX_API_KEY, or into api_key under [sources.telnyx] in .dlt/secrets.toml."
        )
    return key
