"""What `demo` prints: each question with its table, and what both syncs cost.

The surprise: where the screen is too narrow for a table's figures, each row becomes a paragraph.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from portouts.commands.results.loading.sync import sync_object
from portouts.commands.terminal.output import print_result
from portouts.names import plain

if TYPE_CHECKING:
    from rich.console import Console

    from portouts.commands.jobs.demo import Answer, DemoOutcome, DemoPage

LEAST_NAME = 12  # columns of the screen that a name needs beside its figures


class _Demo(msgspec.Struct):
    database: str
    syncs: list[dict[str, Any]]
    orders: int
    differences: int
    answers: dict[str, list[dict[str, Any]]]
    report: str | None


def print_findings(outcome: DemoOutcome) -> None:
    """Print the answers of the demo, and how many requests its syncs took."""
    first, second = outcome.syncs
    print(f"A simulated account as of {second.as_of:%Y-%m-%d %H:%M} UTC.\n")
    print_answers(outcome.answers)
    print(
        f"First load: {first.report.requests} requests. 30 days later: {second.report.requests} requests, "
        f"{second.orders_changed} orders new or changed.\n"
        f"Orders held: {outcome.orders}; differing from what the simulated API shows: {outcome.differences}.\n"
    )


def print_next_steps(outcome: DemoOutcome, page: DemoPage | None, command: str, *, as_json: bool) -> None:
    """Print what to look at next, with `command` for this portouts; or the JSON object of the whole demo."""
    shown = _Demo(
        database=str(outcome.database),
        syncs=[sync_object(sync) for sync in outcome.syncs],
        orders=outcome.orders,
        differences=outcome.differences,
        answers={
            answer.question: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
            for answer in outcome.answers
        },
        report=str(page.path) if page and page.path else None,
    )
    print_result("\n".join(_next_steps(outcome.database, page, command)), shown, as_json=as_json)


def _next_steps(database: Path, page: DemoPage | None, command: str) -> Iterator[str]:
    """Yield what to look at next, each command on a line of its own."""
    file = shlex.quote(str(database))
    if page and page.path:
        yield f"The report, for a browser: {page.path}"
    else:
        yield f"The report{f' ({page.advice})' if page else ''}:\n  {command} report --database {file}"
    yield f"In SQL, with DuckDB's own shell:\n  duckdb -readonly {file}"
    yield f"With your own account, once TELNYX_API_KEY is set:\n  {command} doctor"


def print_answers(answers: Sequence[Answer]) -> None:
    """Print each question with its table, or row by row where the screen is too narrow for the figures."""
    from rich.console import Console

    console = Console()
    for answer in answers:
        rows = [["–" if value is None else plain(str(value)) for value in row] for row in answer.rows]
        figures = sum(_width_of(column) + 1 for column in list(zip(answer.columns, *rows, strict=True))[1:])
        if figures + LEAST_NAME <= console.width:
            _print_table(console, answer, rows)
        else:
            _print_rows(console, answer, rows)


def _width_of(column: Sequence[str]) -> int:
    """Count the columns of the screen that a heading, one word a line, and the figures below it take."""
    heading, *figures = column
    return max(map(len, [*heading.split("_"), *figures]))


def _print_table(console: Console, answer: Answer, rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console.print(Text(answer.question, "bold"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    name, *figures = answer.columns
    table.add_column(name.replace("_", " "), overflow="fold")
    for figure in figures:
        table.add_column(figure.replace("_", "\n"), justify="right", no_wrap=True, vertical="bottom")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_rows(console: Console, answer: Answer, rows: Sequence[Sequence[str]]) -> None:
    print(textwrap.fill(answer.question, console.width))
    headings = [column.replace("_", " ") for column in answer.columns]
    widths = [max(map(len, column)) for column in (headings, [figure for row in rows for figure in row[1:]])]
    for name, *figures in rows:
        print(f"\n{name}")
        for heading, figure in zip(headings[1:], figures, strict=True):
            print(f"  {heading:<{widths[0]}} {figure:>{widths[1]}}")
    print()
