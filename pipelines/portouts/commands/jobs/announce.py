"""Reports to monitors and people how a command ended. A failure here never fails the command.

Each part runs in a thread of its own, and all parts together take at most `LONGEST` seconds; a late part is abandoned.
A command that found the lock held has not begun, so nothing is reported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING

from portouts.commands.jobs.ending.ended import Ended
from portouts.commands.jobs.ending.monitoring import ping_of, write_metrics_of
from portouts.errors import Interrupted, Locked, PortoutsError

if TYPE_CHECKING:
    from portouts.load.settings.receivers import Receivers
    from portouts.load.settings.tables import AlertSettings

# Seconds for all parts together.
LONGEST = 10.0
UNKNOWN_ERROR = 1

Clock = Callable[[], datetime]
Note = Callable[[str], None]
Part = Callable[[Ended], Iterable[str]]
"""Reports to one receiver, and returns notes for the log: what could not be sent, and why."""


def parts_for(receivers: Receivers) -> dict[str, Part]:
    """Return a part for each of these receivers, by its name in notes."""
    parts: dict[str, Part] = {}
    if receivers.alerts.urls:
        parts["Alerts"] = lambda ended: _send_alerts(ended, receivers.alerts)
    if (file := receivers.metrics.file) and find_spec("prometheus_client"):
        parts["Metrics"] = partial(write_metrics_of, file=file)
    if url := receivers.metrics.ping_url:
        parts["Ping"] = partial(ping_of, url=url)
    return parts


def _send_alerts(ended: Ended, settings: AlertSettings) -> Iterable[str]:
    from portouts.commands.jobs.alerts import alert_of_end, send_alerts

    if isinstance(ended.error, Interrupted | KeyboardInterrupt):
        return ()  # the person who stopped a command knows that it did not finish
    alert = alert_of_end(ended.command, ended.error, ended.outcome)
    return send_alerts(ended.database, ended.state_dir, settings, alert, ended.ended_at)


@contextmanager
def announcing(ended: Ended, read_receivers: Callable[[], Receivers], clock: Clock, note: Note) -> Iterator[None]:
    """Announce how a command ended; the command fills in `ended`.

    The receivers' settings are read after the command, and separately: another setting may be why it failed.
    """
    try:
        yield
    except Locked:
        raise
    except BaseException as error:
        ended.error = error
        ended.exit_code = error.exit_code if isinstance(error, PortoutsError) else UNKNOWN_ERROR
        ended.ended_at = clock()
        announce(ended, parts_for(read_receivers()), note)
        raise
    ended.ended_at = clock()
    announce(ended, parts_for(read_receivers()), note)


def announce(ended: Ended, parts: Mapping[str, Part], note: Note, seconds: float = LONGEST) -> None:
    """Report to all receivers in parallel; each failure becomes a note."""
    until = monotonic() + seconds
    try:
        running = [_RunningPart(name, part, ended) for name, part in parts.items()]
        for one in running:
            one.join(max(0.0, until - monotonic()))
            for text in one.notes():
                note(text)
    except KeyboardInterrupt:  # a person who stops the process does not want to wait; the command itself is done
        note("Stopped before every receiver was notified how this run ended.")


class _RunningPart(threading.Thread):
    """A part at work. It is a daemon thread, so a late receiver does not keep the process alive."""

    def __init__(self, name: str, part: Part, ended: Ended) -> None:
        super().__init__(name=name, daemon=True)
        self._part, self._ended = part, ended
        self._notes: list[str] = []
        try:
            self.start()
        except RuntimeError:  # no more threads
            self._notes = [f"{name}: this machine starts no more threads."]

    def run(self) -> None:
        try:
            self._notes = list(self._part(self._ended))
        except Exception as error:  # noqa: BLE001 - no error of a receiver may change how the command ended
            self._notes = [f"{self.name}: {error if isinstance(error, PortoutsError) else type(error).__name__}"]

    def notes(self) -> list[str]:
        return [f"{self.name}: not done in time."] if self.is_alive() else self._notes
