"""Writes values of a query as text for a message, without phone numbers and without commands of chat services.

A name comes from the gaining carrier, so it may contain "@everyone", markup or a harmful link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from portouts.names import LENGTH, label, plain
from portouts.records.schema import PERSONAL_FIELDS

LINE_LENGTH = 300  # columns of one finding
LARGE = 10**9  # a larger number may be a phone number
PERSONAL = PERSONAL_FIELDS | {"rejection_reason"}
"""Columns about people; a query must not name them, since another name for them would hide what they are."""
NOT_SENT = PERSONAL | {"phone_number", "phone_numbers"}
"""Columns that no message shows, whatever a query selects."""
_NUMBER = re.compile(
    r"(?<![\w-])(?:\+\d{7,}|\d{10,}|(?:\+?\d{1,3}[ .-])?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4})(?![\w-])",
)
_HIDDEN_NUMBER = "(number)"
_COMMANDS = str.maketrans({"@": "＠", "<": "‹", ">": "›"})


def line_of(names: Iterable[str], values: Iterable[object]) -> str:
    """Write the columns of a row that may be shown: `carrier: Example Telecom; numbers: 52`."""
    shown = ((name, value) for name, value in zip(names, values, strict=True) if is_shown(name))
    parts = (f"{safe_text(name.replace('_', ' '))}: {_shown(value)}" for name, value in shown)
    return label("; ".join(parts), LINE_LENGTH)


def is_shown(name: str) -> bool:
    """Return whether a message shows this column. Columns such as `_name` only serve the key."""
    return not name.startswith("_") and name.casefold() not in NOT_SENT


def safe_text(text: object, length: int = LENGTH) -> str:
    """Return a foreign text as one short line that chat services show unchanged."""
    masked = _NUMBER.sub(_HIDDEN_NUMBER, plain(text))
    return label(masked.translate(_COMMANDS).replace("://", ":// "), length)


def instant(at: datetime) -> str:
    """Write an instant to the minute: 29 Nov 2026 10:00 UTC."""
    return f"{at.astimezone(UTC):%d %b %Y %H:%M} UTC".removeprefix("0")


def _shown(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal() if abs(float(value)) < LARGE:
            return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
        case datetime() if value.tzinfo:
            return instant(value)
        case str():
            return safe_text(value)
    return safe_text(str(value))
