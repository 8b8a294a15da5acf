"""Announces to monitors and receivers of alerts how a sync or verify ended, and ends one that left a target behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.jobs.announce import announcing
from portouts.commands.jobs.ending.ended import Ended
from portouts.commands.terminal.environment import machine_time, read_receivers
from portouts.commands.terminal.exit_status import FAILED
from portouts.commands.terminal.log.run import this_run
from portouts.commands.terminal.progress import note_one
from portouts.errors import PortoutsError
from portouts.logs import ERROR, log

if TYPE_CHECKING:
    from portouts.commands.jobs.sync import SyncOutcome
    from portouts.publish.target import TargetOutcome


@contextmanager
def announced(command: str, database: Path, files: Sequence[Path], state_dir: Path | None) -> Iterator[Ended]:
    """Yield a record of this run for the command to fill in; afterwards announce it, also after an error."""
    run = this_run()
    ended = Ended(command, database, machine_time(), run.run_id, run.measures, state_dir)
    with announcing(ended, partial(read_receivers, files), machine_time, note_one):
        yield ended


def end_behind(targets: Sequence[TargetOutcome], ended: Ended | None = None) -> None:
    """Report targets that are behind, after the result was printed, and end with exit code 1 if there are any.

    A command that is announced goes on, with the error and the exit code in `ended`.
    """
    from portouts.commands.jobs.publishing.targets import behind
    from portouts.commands.results.loading.targets import note_targets

    note_targets(targets)
    if error := behind(targets):
        _fail(error, ended)


def end_sync(outcome: SyncOutcome | None, ended: Ended) -> None:
    """Report targets that are behind and accounts that could not be read; the exit code is 1 if there are any."""
    if outcome is None:
        return
    end_behind(outcome.targets, ended)
    if outcome.accounts:
        from portouts.commands.jobs.loading.outcome import behind

        if error := behind(outcome.accounts):
            _fail(error, ended)


def _fail(error: PortoutsError, ended: Ended | None) -> None:
    log("error", str(error), level=ERROR, error=type(error).__name__, exit_code=FAILED)
    if ended is None:
        raise typer.Exit(FAILED)
    ended.error, ended.exit_code = error, ended.exit_code or FAILED
