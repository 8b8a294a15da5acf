"""What a person sees on standard error while a command works: bars, waits, notes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portouts.extract.options import Progress
    from portouts.verify.count_buckets import ComparisonPlan


@contextmanager
def progress() -> Iterator[Callable[[str], Progress]]:
    """Yield a function that adds a bar for a step; the total of a sync's bar is the number of rows at the API."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:

        def add_bar(step: str) -> Callable[[int, int], None]:
            task = bars.add_task(step, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield add_bar


def note(lines: Iterable[str]) -> None:
    """Print lines beside the result."""
    for line in lines:
        print(line, file=sys.stderr)


def note_one(line: str) -> None:
    """Print one line beside the result."""
    note([line])


def note_wait(reason: str) -> None:
    """Print why no answer comes."""
    note([f"portouts: waiting: {reason}"])


def note_plan(plan: ComparisonPlan) -> None:
    """Print how many requests a comparison takes."""
    search = "." if plan.most_searched == 0 else " if nothing differs, and a few more for each order that does."
    note([f"Verifying takes {plan.requests} requests{search}"])
