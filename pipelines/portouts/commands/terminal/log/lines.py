"""The log on standard error: sentences for people, or one JSON object a line for programs.

What the package logs has the name of an event, fields, and a text if people should see it without asking. Of other
libraries, only where they warn is logged: their texts may quote what they work on.
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

# Events of which the text begins with the name of the program: it may stand between lines of other programs.
_NAMED = frozenset({"error", "waiting", "stopping", "output.lost"})


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment: a bar of progress puts itself in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.form = LogFormat.TEXT
        self.run_id: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event; what is not meant for people is left out of the text, unless they ask for it."""
        if not hasattr(record, "event") and record.levelno < WARNING:
            return
        lines = [_json_line(record, self.run_id)] if self.form is LogFormat.JSON else _text_lines(record, self.level)
        for line in lines:
            print(line, file=sys.stderr)


_HANDLER = _StandardError()


def open_log(log_format: LogFormat | None = None, *, verbose: bool = False, quiet: bool = False) -> None:
    """Write the log so from now on; without a level or a format, those before stay."""
    if log_format:
        _HANDLER.form = log_format
    if verbose or quiet:
        _HANDLER.setLevel(DEBUG if verbose else ERROR)
        LOGGER.setLevel(_HANDLER.level)


def reset_log() -> None:
    """Write sentences for people, and those of other libraries with them."""
    _HANDLER.form, _HANDLER.run_id = LogFormat.TEXT, None
    _HANDLER.setLevel(INFO)
    LOGGER.setLevel(INFO)
    LOGGER.propagate = False
    for logger in (LOGGER, logging.getLogger()):
        if _HANDLER not in logger.handlers:
            logger.addHandler(_HANDLER)


def name_run(run_id: str) -> None:
    """Let every event carry the id of this run."""
    _HANDLER.run_id = run_id


def is_json_log() -> bool:
    """Return whether each line of standard error must be a JSON object."""
    return _HANDLER.form is LogFormat.JSON


def is_verbose() -> bool:
    """Return whether every detail is asked for."""
    return _HANDLER.level <= DEBUG


def shows_progress() -> bool:
    """Return whether somebody may look at bars."""
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
    """Return the fields of an event; of a library's warning, only where it comes from."""
    if hasattr(record, "event"):
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        return fields
    is_of_python = record.name == "py.warnings"  # whose text is "place: category: words"
    place = ": ".join(record.getMessage().split(": ")[:2]) if is_of_python else f"{record.module}:{record.lineno}"
    return {"logger": record.name, "place": place}


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
