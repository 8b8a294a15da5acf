"""All receivers are notified how a command ended, and none of them can change how it ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from portouts.commands.jobs.announce import Part, announce, announcing
from portouts.commands.jobs.ending.ended import Ended
from portouts.errors import Locked, NotProven, PortoutsError, SettingsError
from portouts.load.settings.receivers import Receivers
from portouts.measures import Measures

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def begun() -> Ended:
    return Ended("sync", Path("portouts.duckdb"), NOW, run_id="run", measures=Measures())


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Ended]:
    """Return what one receiver gets."""
    reported: list[Ended] = []

    def part(ended: Ended) -> Iterable[str]:
        reported.append(ended)
        return ()

    monkeypatch.setattr("portouts.commands.jobs.announce.parts_for", lambda _receivers: {"receiver": part})
    return reported


def end(error: BaseException | None = None) -> None:
    """Let a command end so."""
    with announcing(begun(), Receivers, lambda: NOW, print):
        if error:
            raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotProven("The API's counts differ."), 1),
        (SettingsError("No Telnyx API key."), 2),
        (KeyboardInterrupt(), 1),
        (ValueError("unknown"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_reported_with_its_exit_code(error: BaseException, code: int, reported: list[Ended]) -> None:
    with pytest.raises(type(error)):
        end(error)
    assert [(one.exit_code, one.error) for one in reported] == [(code, error)]


def test_a_success_is_reported(reported: list[Ended]) -> None:
    end()
    assert [(one.exit_code, one.error) for one in reported] == [(0, None)]


def test_a_lock_that_is_held_is_not_reported(reported: list[Ended]) -> None:
    with pytest.raises(Locked):
        end(Locked("p.duckdb is being synced by process 7."))
    assert reported == []


# Receivers that fail


def break_with(error: BaseException) -> Part:
    def part(_ended: Ended) -> Iterable[str]:
        raise error

    return part


def test_a_receiver_that_fails_is_a_note_without_its_words() -> None:
    notes: list[str] = []
    parts = {"ping": break_with(ValueError("+1 555 0100")), "alerts": break_with(PortoutsError("No such folder."))}
    announce(begun(), {**parts, "metrics": lambda _ended: ["half done"]}, notes.append)
    assert notes == ["ping: ValueError", "alerts: No such folder.", "half done"]


def test_a_receiver_that_never_ends_is_left_behind() -> None:
    notes: list[str] = []
    released = threading.Event()

    def wait(_ended: Ended) -> Iterable[str]:
        released.wait()
        return ()

    announce(begun(), {"ping": wait, "metrics": lambda _ended: ["written"]}, notes.append, seconds=0.1)
    released.set()
    assert notes == ["ping: not done in time.", "written"]


def test_whoever_stops_the_command_does_not_wait_for_receivers() -> None:
    notes: list[str] = []

    def stop(text: str) -> None:
        if not notes:
            notes.append(text)
            raise KeyboardInterrupt
        notes.append(text)

    announce(begun(), {"a": lambda _ended: ["first"], "b": lambda _ended: ["second"]}, stop)
    assert notes == ["first", "Stopped before every receiver was notified how this run ended."]
