"""Reports an unexpected error: its kind and its place, without its message, which may quote personal data."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import portouts
from portouts.commands.terminal.log.lines import is_verbose
from portouts.commands.terminal.log.run import this_run
from portouts.logs import ERROR, WARNING, log

_PACKAGE = Path(portouts.__file__).parent


def kind_of(error: BaseException) -> str:
    """Return the class of an error; for a system error, also the standard text of its number."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name} ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else name


def place_of(error: BaseException) -> str:
    """Return the innermost line of our package in the traceback, else the innermost line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    return next((_shown(frame) for frame in reversed(own or frames)), "an unknown place")


def trace_of(error: BaseException) -> list[str]:
    """List every line in the tracebacks of the error and of the errors before it, oldest first."""
    return [line for one in reversed([*_chain(error)]) for line in _lines(one)]


def crash_text(error: BaseException, stopped: str = "") -> str:
    """Return the message; `stopped` states what holds afterwards."""
    return f"Unexpected error: {kind_of(error)} at {place_of(error)}. {stopped}".rstrip()


def report_crash(error: BaseException, stopped: str = "") -> None:
    """Log an unexpected error; with -v also its trace."""
    kind, trace = kind_of(error), {"trace": trace_of(error)} if is_verbose() else {}
    advice = "Please report it." if trace else "Please report it, with what -v shows."
    log("error", f"{crash_text(error, stopped)} {advice}", level=ERROR, error=kind, place=place_of(error), **trace)
    this_run().facts["error"] = kind


def report_what_escapes() -> None:
    """Log Python's warnings, and errors outside of commands, without their messages."""
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _kind, error, _trace: report_crash(error)
    threading.excepthook = lambda escaped: _report_beside(escaped.exc_value)
    sys.unraisablehook = lambda escaped: _report_beside(escaped.exc_value)


def _report_beside(error: BaseException | None) -> None:
    """Log an error in a thread or a clean-up; it does not end the command."""
    if error:
        place = place_of(error)
        log(
            "beside", f"{kind_of(error)} at {place}, beside the work.", level=WARNING, error=kind_of(error), place=place
        )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _lines(error: BaseException) -> Iterator[str]:
    yield f"{kind_of(error)}:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {_shown(frame)} in {frame.name}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from (f"  {line}" for line in _lines(one))


def _shown(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    name = path.relative_to(_PACKAGE.parent) if _PACKAGE in path.parents else path
    return f"{name}:{frame.lineno}"
