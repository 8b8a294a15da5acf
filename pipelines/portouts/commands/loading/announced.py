"""Announces to monitors and receivers of alerts how a sync or verify ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from portouts.commands.jobs.announce import announcing
from portouts.commands.jobs.ending.ended import Ended
from portouts.commands.terminal.environment import machine_time, read_receivers
from portouts.commands.terminal.log.run import this_run
from portouts.commands.terminal.progress import note_one


@contextmanager
def announced(command: str, database: Path, files: Sequence[Path], state_dir: Path | None) -> Iterator[Ended]:
    """Yield a record of this run for the command to fill in; afterwards announce it, also after an error."""
    run = this_run()
    ended = Ended(command, database, machine_time(), run.run_id, run.measures, state_dir)
    with announcing(ended, partial(read_receivers, files), machine_time, note_one):
        yield ended
