"""One run of a command: its id, its figures so far, and the summary at its end."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from portouts.commands.terminal.log.lines import name_run
from portouts.logs import ERROR, INFO, log
from portouts.measures import Measures


@dataclass
class Run:
    """One run; a process has one run at a time."""

    command: str
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    measures: Measures = field(default_factory=Measures)
    facts: dict[str, object] = field(default_factory=dict)
    """More fields of the summary."""
    _began_at: float = field(default_factory=time.monotonic)

    def end(self, exit_code: int) -> None:
        """Log the summary."""
        traffic = self.measures.traffic
        counts: dict[str, Any] = {}
        if traffic.requests:
            counts = {"requests": traffic.requests, "refusals": traffic.refusals, "retries": traffic.retries}
        if self.measures.phases:
            counts["phases"] = self.measures.phases
        log(
            "summary",
            level=ERROR if exit_code else INFO,
            command=self.command,
            exit_code=exit_code,
            seconds=round(time.monotonic() - self._began_at, 3),
            **{**counts, **self.facts},
        )


_runs = [Run("portouts")]


def begin_run(command: str) -> Run:
    """Begin a run and add its id to every event from now on."""
    _runs[:] = [Run(command)]
    name_run(_runs[0].run_id)
    return _runs[0]


def this_run() -> Run:
    """Return the run of this process."""
    return _runs[0]
