"""Shows progress bars, waits and notes on standard error while a command works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portouts.commands.terminal.log.lines import shows_progress
from portouts.logs import log

if TYPE_CHECKING:
    from portouts.extract.options import Progress
    from portouts.verify.count_buckets import ComparisonPlan


@contextmanager
def progress() -> Iterator[Callable[[str], Progress]]:
    """Yield a function that adds a bar for a step; the total of a sync's bar is the number of rows at the API."""
    if not shows_progress():
        yield lambda _step: lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:

        def add_bar(step: str) -> Callable[[int, int], None]:
            task = bars.add_task(step, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield add_bar


def note(lines: Iterable[str]) -> None:
    """Log lines beside the result."""
    for line in lines:
        log("note", line)


def note_one(line: str) -> None:
    """Log one line beside the result."""
    note([line])


def note_wait(reason: str) -> None:
    """Log why no answer comes."""
    log("waiting", f"waiting: {reason}", reason=reason)


def note_plan(plan: ComparisonPlan) -> None:
    """Log how many requests a comparison takes."""
    search = "." if plan.most_searched == 0 else " if nothing differs, and a few more for each order that does."
    log("plan", f"Verifying takes {plan.requests} requests{search}", requests=plan.requests)
