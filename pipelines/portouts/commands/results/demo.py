"""What `demo` prints: each question with its table, and what both syncs cost.

The surprise: where the screen is too narrow for a table's figures, each row becomes a paragraph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from portouts.commands.results.loading.sync import sync_object
from portouts.commands.terminal.output import print_result
from portouts.names import plain

if TYPE_CHECKING:
    from rich.console import Console

    from portouts.commands.jobs.demo import Answer, DemoOutcome

LEAST_NAME = 12  # columns of the screen that a name needs beside its figures


class _Demo(msgspec.Struct):
    database: str
    syncs: list[dict[str, Any]]
    orders: int
    differences: int
    answers: dict[str, list[dict[str, Any]]]


def print_demo(outcome: DemoOutcome, *, as_json: bool) -> None:
    """Print the answers of the demo, and how many requests its syncs took."""
    if not as_json:
        print_answers(outcome.answers)
    shown = _Demo(
        database=str(outcome.database),
        syncs=[sync_object(sync) for sync in outcome.syncs],
        orders=outcome.orders,
        differences=outcome.differences,
        answers={
            answer.question: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
            for answer in outcome.answers
        },
    )
    print_result(_text_of(outcome), shown, as_json=as_json)


def _text_of(outcome: DemoOutcome) -> str:
    first, second = outcome.syncs
    return (
        f"First load: {first.report.requests} requests. 30 days later: {second.report.requests} requests, "
        f"{second.orders_changed} orders new or changed.\n"
        f"Orders held: {outcome.orders}; differing from what the simulated API shows: {outcome.differences}.\n"
        f"Four questions answered on one page: portouts report --database {outcome.database}\n"
        f"In SQL, with DuckDB's own shell: duckdb -readonly {outcome.database}"
    )


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
            _print_rows(answer, rows)


def _width_of(column: Sequence[str]) -> int:
    """Count the columns of the screen that a heading, one word a line, and the figures below it take."""
    heading, *figures = column
    return max(map(len, [*heading.split("_"), *figures]))


def _print_table(console: Console, answer: Answer, rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=answer.question, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    name, *figures = answer.columns
    table.add_column(name.replace("_", " "), overflow="fold")
    for figure in figures:
        table.add_column(figure.replace("_", "\n"), justify="right", no_wrap=True, vertical="bottom")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_rows(answer: Answer, rows: Sequence[Sequence[str]]) -> None:
    print(answer.question)
    headings = [column.replace("_", " ") for column in answer.columns]
    width = max(map(len, headings))
    for name, *figures in rows:
        print(f"\n{name}")
        for heading, figure in zip(headings[1:], figures, strict=True):
            print(f"  {heading:<{width}} {figure:>8}")
    print()
