"""What a person reads in the terminal, and a program with `--json`: results, notes and progress.

Results go to standard output, exactly one JSON object with `--json`; notes and progress go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portouts.names import plain

if TYPE_CHECKING:
    from rich.console import Console

    from portouts.buckets import ComparisonPlan
    from portouts.comparison import Difference
    from portouts.demo import Answer, DemoOutcome
    from portouts.ledger import Certificate
    from portouts.models_job import ModelsOutcome
    from portouts.sync_job import SyncOutcome
    from portouts.sync_options import Progress, SyncReport
    from portouts.verify_job import VerifyOutcome

DIFFERENCES_SHOWN = 10
LEAST_NAME = 12  # columns of the screen that a name needs beside its figures


@contextmanager
def progress() -> Iterator[Callable[[str], Progress]]:
    """Show a bar on standard error for each step; of a reading, its total is the rows that the API says there are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:

        def step(name: str) -> Callable[[int, int], None]:
            task = bars.add_task(name, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield step


def _sync_json(outcome: SyncOutcome) -> dict[str, Any]:
    return {
        "database": str(outcome.database),
        "as_of": outcome.as_of.isoformat(),
        "published": True,
        "orders_changed": outcome.orders_changed,
        "seconds": round(outcome.seconds, 3),
        "warnings": [str(warning) for warning in outcome.warnings],
        "verification": _certificate_json(outcome.certificate) if outcome.certificate else None,
        **_report_json(outcome.report),
        "notes": [*outcome.report.all_notes, *outcome.noted],
    }


def print_sync(outcome: SyncOutcome, as_json: bool) -> None:
    """Say what a sync did."""
    report, certificate = outcome.report, outcome.certificate
    note([*report.all_notes, *(f"not proven: {query}" for query in report.unproven), *map(str, outcome.warnings)])
    if report.missing and not certificate:
        note([f"{len(report.missing)} open orders are no longer known to the API (404); they are kept as last seen."])
    if certificate and certificate.repaired:
        note([f"{certificate.repaired} orders had changed, come or gone unannounced; counting found them."])
    if certificate and certificate.verdict != "PROVEN":
        note([f"Not verified: {certificate.verdict}. `portouts verify` says more."])
    if report.strange_rows:
        note([f"{report.strange_rows} rows hold fields or values that were not expected; see their column `extra`."])
    result(
        _sync_json(outcome),
        as_json,
        f"{outcome.database} now shows {outcome.as_of.isoformat(timespec='seconds')}: {report.orders_read} orders and "
        f"{report.events_read} events read with {report.requests} requests, {outcome.orders_changed} orders new or "
        "changed.",
    )


def print_load(destination: str, report: SyncReport, as_json: bool) -> None:
    """Say what was loaded into another engine."""
    note([*report.all_notes, *(f"not proven: {query}" for query in report.unproven)])
    as_of = report.as_of
    found = {"destination": destination, "as_of": as_of.isoformat(), "published": False, **_report_json(report)}
    text = f"{destination} now holds {as_of.isoformat(timespec='seconds')} in its schema raw; nothing was published."
    result(found, as_json, text)


def _report_json(report: SyncReport) -> dict[str, Any]:
    return {
        "requests": report.requests,
        "orders_read": report.orders_read,
        "events_read": report.events_read,
        "is_proven": not report.unproven,
        "strange_rows": report.strange_rows,
        "rows_without_id": list(report.unusable.values()),
        "missing_orders": report.missing,
        "unproven": report.unproven,
        "notes": report.all_notes,
    }


def print_verification(outcome: VerifyOutcome, as_json: bool) -> None:
    """Say what a verification came to, and the first of what differs."""
    note(outcome.notes)
    result(_verification_json(outcome), as_json, "\n".join(_verification_lines(outcome)))


def _verification_json(outcome: VerifyOutcome) -> dict[str, Any]:
    comparison = outcome.comparison
    return {
        "database": str(outcome.database),
        **_certificate_json(outcome.certificate),
        "differing_orders": [_difference_json(difference) for difference in comparison.differences],
        "repaired_orders": [_difference_json(difference) for difference in outcome.repaired],
        "differing_counts": [
            {"status": bucket.status, "api": shown, "warehouse": held}
            for bucket, shown, held in comparison.differing_counts
        ],
        "unproven": comparison.unproven,
        "notes": [*outcome.notes, *outcome.noted],
        "rows_without_id": list(comparison.unusable.values()),
    }


def _verification_lines(outcome: VerifyOutcome) -> Iterator[str]:
    certificate, comparison = outcome.certificate, outcome.comparison
    yield (
        f"{certificate.verdict}: {certificate.orders} orders compared as of {certificate.as_of.isoformat()} with "
        f"{certificate.requests} requests, {certificate.sampled_orders} orders read whole."
    )
    yield f"{certificate.differences} differed, {certificate.repaired} repaired, {certificate.moved} changed since."
    for bucket, shown, held in comparison.differing_counts:
        yield f"  {bucket}: the API has {shown}, we hold {held}"
    for difference in outcome.repaired[:DIFFERENCES_SHOWN]:
        yield f"  repaired: {_difference_text(difference)}"
    for difference in comparison.differences[:DIFFERENCES_SHOWN]:
        yield f"  {_difference_text(difference)}"
    if max(len(outcome.repaired), len(comparison.differences)) > DIFFERENCES_SHOWN:
        yield "  … and more; --json lists them all"
    yield from (f"  not proven: {query}" for query in comparison.unproven)
    yield from comparison.notes
    yield f"Not covered: {certificate.not_covered}"
    if comparison.differing_counts:
        yield "Orders may also have changed since then: run `portouts sync`, or `portouts verify`, which searches."
    elif comparison.differences:
        yield "Mend it with `portouts verify --repair`."


def print_models(outcome: ModelsOutcome, as_json: bool) -> None:
    """Say what bringing the models up to date took."""
    warnings = [str(warning) for warning in outcome.warnings]
    note([*outcome.notes, *warnings])
    found = {
        "database": str(outcome.database),
        "rebuilt": outcome.rebuilt,
        "published": outcome.published,
        "warnings": warnings,
        "notes": [*outcome.notes, *outcome.noted],
    }
    text = "Rebuilt and published." if outcome.rebuilt else "Published what was built already."
    result(found, as_json, text if outcome.published else "Already up to date; nothing to publish.")


def note_plan(plan: ComparisonPlan) -> None:
    """Say what a comparison will cost."""
    search = "." if plan.most_searched == 0 else " if nothing differs, and a few more for each order that does."
    note([f"Verifying takes {plan.requests} requests{search}"])


def note_wait(reason: str) -> None:
    """Say why no answer comes."""
    note([f"portouts: waiting: {reason}"])


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {"portout_id": difference.portout_id, "kind": difference.kind, "fields": list(difference.fields)}


def _difference_text(difference: Difference) -> str:
    fields = f" in {', '.join(difference.fields)}" if difference.fields else ""
    return f"{difference.portout_id}: {difference.kind}{fields}"


def _certificate_json(certificate: Certificate) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(certificate).items()
    }


def status_text(found: dict[str, Any]) -> str:
    """Describe what `status` found in a few lines."""
    lines = [
        f"{found['database']}: as of {found['as_of']}, {found['age_hours']} h ago"
        + ("" if found["is_proven"] else ", NOT PROVEN"),
        ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["counts"].items()),
    ]
    if found["time_zone_data"]:
        lines.append(f"time zone data: {found['time_zone_data']}")
    if "content_checksum" in found:
        lines.append(
            "read whole: as it was published"
            if found["content_checksum"]
            else "read whole; no certificate names its contents"
        )
    if verification := found["verification"]:
        lines.append(
            f"verified ({verification['depth']}): {verification['verdict']}, {verification['orders']} orders as of "
            f"{verification['as_of']}, {verification['differences']} differed, {verification['repaired']} repaired"
        )
    for axis, ranges in found["covered"].items():
        lines += [f"covered by {axis}: {start} to {end}" for start, end in ranges]
        lines += [f"GAP in {axis}: {start} to {end}" for start, end in found["gaps"][axis]]
    return "\n".join(lines)


def print_demo(outcome: DemoOutcome, database: object, answers: Sequence[Answer], as_json: bool) -> None:
    """Print the report of the demo, and what it cost."""
    if not as_json:
        print_answers(answers)
    first, second = outcome.syncs
    found = {
        "database": str(database),
        "syncs": [_sync_json(sync) for sync in outcome.syncs],
        "orders": outcome.orders,
        "differences": outcome.differences,
        "answers": {
            answer.question: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows] for answer in answers
        },
    }
    text = (
        f"First load: {first.report.requests} requests. 30 days later: {second.report.requests} requests, "
        f"{second.orders_changed} orders new or changed.\n"
        f"Orders held: {outcome.orders}; differing from what the simulated API shows: {outcome.differences}.\n"
        f"Four questions answered on one page: portouts report --database {database}\n"
        f"In SQL, with DuckDB's own shell: duckdb -readonly {database}"
    )
    result(found, as_json, text)


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


def note(lines: Iterable[str]) -> None:
    """Tell something beside the result."""
    for line in lines:
        print(line, file=sys.stderr)


def result(found: dict[str, Any], as_json: bool, text: str) -> None:
    """Print the result: the object for programs, or the text for people."""
    print(json.dumps(found, default=str) if as_json else text)
