"""The result of a command on standard output: sentences for people, exactly one JSON object for programs.

JSON shows the fields of the given structs and dataclasses under their own names and in their order. Instants are
ISO 8601 text.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec


def print_result(text: str, *parts: object, as_json: bool) -> None:
    """Print the text for people, or the JSON object that all parts form together."""
    print(json.dumps(as_object(*parts), default=_as_text) if as_json else text)


def as_object(*parts: object) -> dict[str, Any]:
    """Return one JSON object with the fields of all parts, in their order; a later part replaces values."""
    return {name: value for part in parts for name, value in _fields(part).items()}


def _fields(part: object) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(part, builtin_types=(datetime,))
    return fields


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
