"""Settings that must be understood before dlt, which takes seconds to import, is there to read them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEY_ADVICE = (
    "No Telnyx API key. Set the environment variable TELNYX_API_KEY, or api_key under [sources.telnyx] in "
    ".dlt/secrets.toml. `portouts demo` needs no key."
)
# dlt looks for a setting in its own section first and then in every wider one.
_KEY_VARIABLES = ("TELNYX_API_KEY", "SOURCES__TELNYX__API_KEY", "SOURCES__API_KEY", "API_KEY")
_KEY_PATHS = (("sources", "telnyx", "api_key"), ("sources", "api_key"), ("api_key",))


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which, and what to set."""


def require_api_key(environ: Mapping[str, str], folders: Iterable[Path]) -> None:
    """Raise `SettingsError` unless a key can be found in the environment or in a `.dlt` folder.

    A `[providers]` section means that dlt asks a vault, which only dlt can do; it then has the word.
    """
    if any(environ.get(name) for name in _KEY_VARIABLES):
        return
    for path in (folder / ".dlt" / name for folder in folders for name in ("secrets.toml", "config.toml")):
        content = _toml(path)
        if "providers" in content or any(_at(content, keys) for keys in _KEY_PATHS):
            return
    raise SettingsError(KEY_ADVICE)


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


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise SettingsError(f"{path} is not valid TOML.") from None


def _at(content: Mapping[str, Any], keys: Iterable[str]) -> object:
    value: object = content
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
