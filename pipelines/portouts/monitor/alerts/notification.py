"""Sends alerts: runs the queries, leaves out what was sent before, sends the rest, and records what was sent.

A lock prevents two processes from sending the same alerts: the second process sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from portouts.load.settings.tables import AlertSettings
from portouts.monitor.alerts.finding import Alert
from portouts.monitor.alerts.memory import Memory, read_memory, write_memory
from portouts.monitor.alerts.message import message_of
from portouts.monitor.alerts.outcomes import name_of_end
from portouts.monitor.alerts.receivers import deliver, digest
from portouts.monitor.alerts.search import Found, search
from portouts.warehouse.folders import OWNER_ONLY_FILE, make_private

SECONDS = 9.0
SHARE_OF_SEARCH = 0.4  # of the time; sending may take the rest
SECONDS_OF_SEARCH = SECONDS * SHARE_OF_SEARCH
ENDS = frozenset(map(name_of_end, ("sync", "verify")))
"""The alerts about the end of a command. The end of one command changes no record of the other command."""


@dataclass(frozen=True)
class Account:
    """The files of one account: the published one, and the working folder."""

    database: Path
    folder: Path


def notify(
    account: Account, settings: AlertSettings, ended: Alert, now: datetime, seconds: float = SECONDS
) -> Iterator[str]:
    """Send new findings within this time; yield a note for each receiver that did not get them."""
    with _one_at_a_time(account.folder) as is_ours:
        if is_ours:
            time = seconds * SHARE_OF_SEARCH
            found = search(account.database, settings.alerts_folder, now, settings.hours_before, time)
            others = ENDS - {ended.name}
            to_send = replace(found, alerts=(ended, *found.alerts), unknown=found.unknown | others)
            yield from _send(account, settings.urls, to_send, seconds * (1 - SHARE_OF_SEARCH))


def _send(account: Account, urls: Sequence[str], found: Found, seconds: float) -> Iterator[str]:
    memory = read_memory(account.folder)
    new = {url: memory.unsent(digest(url), found.alerts) for url in urls}
    messages = [(url, message_of(alerts, account.database, found.as_of)) for url, alerts in new.items() if alerts]
    deliveries = deliver(messages, seconds)
    yield from (f"Alerts: {delivery}" for delivery in deliveries if delivery.problem)
    arrived = {url: one.is_delivered for (url, _), one in zip(messages, deliveries, strict=True)}
    yield from _remember(account.folder, memory, found, {url: arrived.get(url, True) for url in urls})


def _remember(folder: Path, memory: Memory, found: Found, arrived: dict[str, bool]) -> Iterator[str]:
    known = dict(
        memory.after(digest(url), found.alerts, found.unknown, is_delivered=is_delivered)
        for url, is_delivered in arrived.items()
    )
    try:
        if known != memory.sent:
            write_memory(folder, known)
    except OSError as error:
        yield f"Alerts: {folder} cannot be written ({error.strerror}), so the next run sends the same alerts again."


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[bool]:
    """Hold the lock of alerts; yield False if another process holds it. A folder that cannot be written has no lock."""
    lock = FileLock(folder / "alerts.lock", mode=OWNER_ONLY_FILE)
    try:
        make_private(folder)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError:
        pass
    try:
        yield True
    finally:
        with suppress(OSError):
            lock.release()
