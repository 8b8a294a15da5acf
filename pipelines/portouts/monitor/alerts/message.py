"""Writes a message: the new findings as short plain text.

Chat services cut or refuse long messages, so the last line counts the findings that do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate, islice
from pathlib import Path

from portouts.monitor.alerts.finding import Alert
from portouts.monitor.alerts.receivers import Message
from portouts.monitor.alerts.values import instant, safe_text

MOST_CHARACTERS = 1_800  # Discord accepts 2,000
MOST_LINES = 50


def message_of(alerts: Sequence[Alert], database: Path, as_of: datetime | None) -> Message:
    """Write all alerts into one message."""
    title = alerts[0].title.rstrip(".") if len(alerts) == 1 else f"{len(alerts)} alerts"
    end = f"{safe_text(database.name)}{f', as of {instant(as_of)}' if as_of else ''}"
    lines = list(_lines(alerts))
    shown = _fitting([text for text, _ in lines], MOST_CHARACTERS - len(end))
    left = sum(is_finding for _, is_finding in lines[shown:])
    rest = [f"… and {left} more: `portouts alerts preview` shows all."] if left else []
    return Message(f"portouts: {title}", "\n".join([*(text for text, _ in lines[:shown]), *rest, "", end]))


def _lines(alerts: Sequence[Alert]) -> Iterator[tuple[str, bool]]:
    """Yield lines, and whether each is a finding."""
    for place, alert in enumerate(alerts):
        yield from ([("", False)] if place else [])
        yield alert.title, False
        yield from ((f"- {finding.line}", True) for finding in alert.findings)


def _fitting(lines: Sequence[str], room: int) -> int:
    """Count the lines that fit; the first title and its first finding always do."""
    ends = accumulate(len(line) + 1 for line in lines)
    return max(sum(end <= room for end in islice(ends, MOST_LINES)), 2)
