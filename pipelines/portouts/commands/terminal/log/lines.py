"""Writes the log to standard error: sentences for people, or one JSON object per line for programs.

Our events have a name, fields, and a text if people see them by default. For other libraries' warnings, only the place
is logged, because their texts may quote data.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from portouts.logs import DEBUG, ERROR, INFO, LOGGER, WARNING

# The text of these events begins with the program's name, because it may appear between lines of other programs.
_NAMED = frozenset({"error", "waiting", "stopping", "output.lost"})


class LogFormat(StrEnum):
    """The format of the log."""

    TEXT = "text"
    JSON = "json"


class _StandardError(logging.Handler):
    """Writes to the current `sys.stderr`, which a progress bar replaces."""

    def __init__(self) -> None:
        super().__init__()
        self.form = LogFormat.TEXT
        self.run_id: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event; the text format leaves out events without a text, except with -v."""
        if not hasattr(record, "event") and record.levelno < WARNING:
            return
        lines = [_json_line(record, self.run_id)] if self.form is LogFormat.JSON else _text_lines(record, self.level)
        for line in lines:
            print(line, file=sys.stderr)


_HANDLER = _StandardError()


def open_log(log_format: LogFormat | None = None, *, verbose: bool = False, quiet: bool = False) -> None:
    """Configure the log; a level or format that is not given stays unchanged."""
    if log_format:
        _HANDLER.form = log_format
    if verbose or quiet:
        _HANDLER.setLevel(DEBUG if verbose else ERROR)
        LOGGER.setLevel(_HANDLER.level)


def reset_log() -> None:
    """Reset the log to text, for our events and other libraries' warnings."""
    _HANDLER.form, _HANDLER.run_id = LogFormat.TEXT, None
    _HANDLER.setLevel(INFO)
    LOGGER.setLevel(INFO)
    LOGGER.propagate = False
    for logger in (LOGGER, logging.getLogger()):
        if _HANDLER not in logger.handlers:
            logger.addHandler(_HANDLER)


def name_run(run_id: str) -> None:
    """Add the id of this run to every event."""
    _HANDLER.run_id = run_id


def is_json_log() -> bool:
    """Return whether each line of standard error must be a JSON object."""
    return _HANDLER.form is LogFormat.JSON


def is_verbose() -> bool:
    """Return whether -v was given."""
    return _HANDLER.level <= DEBUG


def shows_progress() -> bool:
    """Return whether progress bars are shown."""
    return not is_json_log() and _HANDLER.level < ERROR


def _json_line(record: logging.LogRecord, run_id: str | None) -> str:
    text = {"message": found} if (found := _text(record)) else {}
    return json.dumps(
        {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "run_id": run_id,
            "event": _event(record),
            **text,
            **_fields(record),
        },
        default=_as_text,
    )


def _text_lines(record: logging.LogRecord, level: int) -> Iterator[str]:
    event, text, fields = _event(record), _text(record), _fields(record)
    if text:
        yield f"portouts: {text}" if event in _NAMED else text
        yield from fields.get("trace", ())
    elif level <= DEBUG or event == "library":
        yield f"portouts: {event}: {', '.join(f'{name}={_as_text(value)}' for name, value in fields.items())}"


def _event(record: logging.LogRecord) -> str:
    return getattr(record, "event", "library")


def _text(record: logging.LogRecord) -> str:
    return record.getMessage() if hasattr(record, "event") else ""


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the fields of an event; for a library's warning, only its place."""
    if hasattr(record, "event"):
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        return fields
    is_of_python = record.name == "py.warnings"  # whose text is "place: category: words"
    place = ": ".join(record.getMessage().split(": ")[:2]) if is_of_python else f"{record.module}:{record.lineno}"
    return {"logger": record.name, "place": place}


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
