"""Publishes one published file to all targets at the same time. A target that fails does not stop the others.

Each target has a thread of its own and the same time. The thread of a target that does not answer is abandoned; what it
had sent is not committed, and the next publication finds what is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from time import monotonic

import duckdb

from portouts.errors import TargetFailed
from portouts.logs import ERROR, log
from portouts.publish.contents import opened
from portouts.publish.target import Sent, Target, TargetOutcome
from portouts.warehouse.faults import first_line

# Seconds between two looks at whether the command was asked to stop.
_STEP = 0.2


@dataclass(frozen=True)
class Request:
    """What every target gets."""

    schemas: tuple[str, ...]
    seconds: float
    """The time limit of all targets together."""
    keep: int = 0
    """Keep so many earlier versions of the DuckDB file in object storage."""
    whole: bool = False
    """Compare all tables, also those that have not changed since the last publication."""


def publish_to_targets(
    database: Path,
    folder: Path,
    targets: Sequence[Target],
    request: Request,
    is_stopping: Callable[[], bool] = lambda: False,
) -> list[TargetOutcome]:
    """Make all targets equal to the published file; return what came of each, in their order."""
    for leftover in folder.glob("target-*.tmp"):  # of a killed publication
        rmtree(leftover, ignore_errors=True)
    with opened(database, folder) as connection:
        running = [_Running(target, connection.cursor(), folder, request) for target in targets]
        abandoned = _wait(running, request, is_stopping)
        return [one.outcome(abandoned) for one in running]


def _wait(running: Sequence[_Running], request: Request, is_stopping: Callable[[], bool]) -> str:
    """Wait until all are done; return why those that are not are abandoned."""
    until = monotonic() + request.seconds
    while alive := [one for one in running if one.is_alive()]:
        if is_stopping():
            return "stopped before it was done"
        if monotonic() > until:
            return f"not done within {request.seconds / 60:g} minutes ([publish] timeout_minutes)"
        alive[0].join(_STEP)
    return ""


class _Running(threading.Thread):
    """A publication under way. It is a daemon thread, so a server that hangs does not keep the process alive."""

    def __init__(self, target: Target, file: duckdb.DuckDBPyConnection, folder: Path, request: Request) -> None:
        super().__init__(name=target.shown, daemon=True)
        self._target, self._file, self._folder, self._request = target, file, folder, request
        self._began_at, self._seconds = monotonic(), 0.0
        self._sent, self._error = Sent(), ""
        self.start()

    def run(self) -> None:
        try:
            self._sent = _publish(self._target, self._file, self._folder, self._request)
        except TargetFailed as error:
            self._error = str(error)
        except (duckdb.Error, OSError, MemoryError) as error:
            self._error = self._target.without_secrets(first_line(error))
        except Exception as error:  # noqa: BLE001 - one target must not end the others, and its text may hold rows
            self._error = f"unexpected {type(error).__name__}"
        finally:
            self._seconds = round(monotonic() - self._began_at, 3)

    def outcome(self, abandoned: str) -> TargetOutcome:
        sent, error = self._sent, self._error or abandoned * self.is_alive()
        outcome = TargetOutcome(
            self._target.shown, self._seconds, sent.tables, sent.rows, sent.removed, sent.bytes, sent.notes, error
        )
        if error:
            log("target.failed", level=ERROR, target=outcome.target, error=error)
        else:
            log("target.published", target=outcome.target, rows=sent.rows, seconds=self._seconds)
        return outcome


def _publish(target: Target, file: duckdb.DuckDBPyConnection, folder: Path, request: Request) -> Sent:
    if target.is_postgresql:
        from portouts.publish.postgresql.publication import publish_to_server

        return publish_to_server(target, file, request.schemas, request.seconds, whole=request.whole)
    from portouts.publish.storage.publication import publish_to_storage

    return publish_to_storage(target, file, request.schemas, folder, request.keep, whole=request.whole)
