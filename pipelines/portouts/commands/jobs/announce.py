"""Tells monitors and people how a command ended: each part gets what is known, and nothing here can fail the command.

All parts together take `LONGEST` seconds at most: each runs in a thread of its own, and one that is late is left
behind. A command that found the lock held ended without having begun, so nobody is told.
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
"""Tells one receiver, and returns notes for whoever reads the log: what could not be told, and why."""


def parts_for(receivers: Receivers) -> dict[str, Part]:
    """Return what tells each of these receivers, by a name for notes."""
    parts: dict[str, Part] = {}
    if receivers.alerts.urls:
        parts["Alerts"] = lambda ended: _tell_people(ended, receivers.alerts)
    if (file := receivers.metrics.file) and find_spec("prometheus_client"):
        parts["Metrics"] = partial(write_metrics_of, file=file)
    if url := receivers.metrics.ping_url:
        parts["Ping"] = partial(ping_of, url=url)
    return parts


def _tell_people(ended: Ended, settings: AlertSettings) -> Iterable[str]:
    from portouts.commands.jobs.alerts import alert_of_end, tell_people

    if isinstance(ended.error, Interrupted | KeyboardInterrupt):
        return ()  # who stopped a command knows that it did not end
    alert = alert_of_end(ended.command, ended.error, ended.outcome)
    return tell_people(ended.database, ended.state_dir, settings, alert, ended.ended_at)


@contextmanager
def announcing(ended: Ended, read_receivers: Callable[[], Receivers], clock: Clock, note: Note) -> Iterator[None]:
    """Announce how a command ended, once it is over; the command fills in `ended`.

    The settings of the receivers are read then, by themselves: others may be the reason why the command failed.
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
    """Tell every receiver at once; what one could not be told becomes a note."""
    until = monotonic() + seconds
    try:
        telling = [_Telling(name, part, ended) for name, part in parts.items()]
        for one in telling:
            one.join(max(0.0, until - monotonic()))
            for text in one.notes():
                note(text)
    except KeyboardInterrupt:  # who asks to stop does not want to wait for receivers, and what was done stays done
        note("Stopped before everybody was told how this run ended.")


class _Telling(threading.Thread):
    """A part at work. A daemon: a receiver that is late must not keep the process."""

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
        except Exception as error:  # noqa: BLE001 - whatever a receiver does, the command has ended as it has ended
            self._notes = [f"{self.name}: {error if isinstance(error, PortoutsError) else type(error).__name__}"]

    def notes(self) -> list[str]:
        return [f"{self.name}: not done in time."] if self.is_alive() else self._notes
