"""The command `portouts`: options, clock, terminal and exit codes. Everything else is handed what it needs.

Exit codes: 0 done and proven · 1 failed, nothing published · 2 wrong usage or settings · 3 `verify` found
differences · 75 another sync holds the lock. Results go to standard output; progress, notes and errors to standard
error. What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portouts.settings import SettingsError, parse_instant, require_api_key

if TYPE_CHECKING:
    from portouts.demo import Answer
    from portouts.sync_job import SyncOutcome
    from portouts.sync_run import Progress, SyncReport

FAILED, WRONG_USAGE, LOCKED = 1, 2, 75

app = typer.Typer(
    help="Know how many numbers leave Telnyx by port-out, who gains them, and how fast you answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Database = Annotated[
    Path,
    typer.Option(
        help="The published DuckDB file; working state lies beside it in .portouts/.", envvar="PORTOUTS_DATABASE"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object to standard output.")]
DEFAULT_DATABASE = Path("data/portouts.duckdb")
DEMO_DATABASE = Path("data/portouts-demo.duckdb")
SANDBOX_KEY = "KEY_SANDBOX_NOT_A_SECRET"


@app.command()
def sync(
    database: Database = DEFAULT_DATABASE,
    as_of: Annotated[str | None, typer.Option(metavar="TS", help="Read up to this instant. Default: now.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Hold orders inserted from this day on; extends backwards.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, whatever is covered.")] = False,
    allow_unproven: Annotated[
        bool, typer.Option("--allow-unproven", help="Publish even what the API's own counts do not confirm.")
    ] = False,
    destination: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Load raw into this dlt destination instead; builds and publishes nothing."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse up to date: one incremental load, models, checks, publish."""
    with _ending_well(as_json):
        require_api_key(os.environ, (Path.cwd(), Path.home()))
        instant = _as_of(as_of)
        from_day = parse_instant("--since", since)
        _settle_dlt()
        from portouts.sync_job import CHUNK_ROWS, SyncRequest, run_load, run_sync
        from portouts.telnyx_source import Supervision
        from portouts.warehouse import Warehouse

        request = SyncRequest(instant, from_day, full, allow_unproven)
        with _progress() as bar, _stop_on_signal() as is_stopping:
            supervision = Supervision(on_progress=bar("Reading Telnyx"), is_stopping=is_stopping, chunk_rows=CHUNK_ROWS)
            if destination is None:
                outcome = run_sync(Warehouse(database), request, _now, supervision)
                say = partial(_print_sync, outcome, as_json)
            else:
                report = run_load(Warehouse(database), request, supervision, destination)
                say = partial(_print_load, destination, instant, report, as_json)
        say()


@app.command()
def models(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Rebuild staging, marts and checks from what is loaded, and publish."""
    with _ending_well(as_json):
        _settle_dlt()
        from portouts.sync_job import rebuild_models
        from portouts.warehouse import Warehouse

        warnings = rebuild_models(Warehouse(database))
        _note(str(warning) for warning in warnings)
        _result({"database": str(database), "warnings": [str(warning) for warning in warnings]}, as_json, "Published.")


@app.command()
def status(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Show how fresh the published file is, which ranges it covers, and what it holds."""
    with _ending_well(as_json):
        from portouts.status import read_status

        found = read_status(database, _now())
        _result(found, as_json, _status_text(found))


@app.command()
def demo(
    database: Annotated[Path, typer.Option(help="A file that does not exist yet.")] = DEMO_DATABASE,
    orders: Annotated[int, typer.Option(min=1, help="Orders of the simulated account.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed, another account.")] = 7,
    as_json: AsJson = False,
) -> None:
    """See the whole job on a simulated account: two syncs 30 days apart, then the report. Needs no key, no network."""
    with _ending_well(as_json):
        state = database.parent / ".portouts" / database.name
        if database != DEMO_DATABASE and (database.exists() or state.exists()):
            raise SettingsError(f"{database} exists already; give the demo a new file.")
        _require("starlette", "uvicorn", extra="sandbox")
        _settle_dlt()
        os.environ["NO_PROXY"] = "127.0.0.1"
        from portouts.demo import clear_demo, read_answers, run_demo

        clear_demo(database)
        with _progress() as bar:
            outcome = run_demo(database, orders, seed, _now, bar)
        answers = read_answers(database)
        if as_json:
            _result(
                {
                    "database": str(database),
                    "syncs": [_sync_json(sync) for sync in outcome.syncs],
                    "orders": outcome.orders,
                    "differences": outcome.differences,
                    "answers": {
                        answer.question: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
                        for answer in answers
                    },
                },
                as_json,
                "",
            )
        else:
            _print_answers(answers)
            first, second = outcome.syncs
            print(
                f"First load: {first.report.requests} requests. 30 days later: {second.report.requests} requests, "
                f"{second.orders_changed} orders new or changed.\n"
                f"Orders held: {outcome.orders}; differing from what the simulated API shows: {outcome.differences}.\n"
                f"Query it yourself: duckdb -readonly {database}"
            )
        if outcome.differences:
            raise typer.Exit(FAILED)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port.")] = 8000,
    orders: Annotated[int, typer.Option(min=0, help="Orders at the start.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, another account.")] = 7,
    latency_ms: Annotated[float, typer.Option(min=0, help="Answer each request so much later.")] = 0,
    rate_limit: Annotated[int | None, typer.Option(min=1, help="Requests per second before a 429.")] = None,
) -> None:
    """Serve the simulated Telnyx API on loopback until interrupted."""
    with _ending_well(as_json=False):
        _require("starlette", "uvicorn", extra="sandbox")
        from portouts.sandbox import World, create_app, serve

        world = World(orders=orders, seed=seed)
        application = create_app(world, api_key=SANDBOX_KEY, latency=latency_ms / 1000, rate_limit=rate_limit)
        print(
            f"Serving {orders} orders as of {world.now.isoformat()}. In another terminal:\n"
            f"  export TELNYX_BASE_URL=http://127.0.0.1:{port}/v2 TELNYX_API_KEY={SANDBOX_KEY}\n"
            f"  portouts sync --as-of {world.now.isoformat()}\n"
            f"Move its clock: curl -X POST http://127.0.0.1:{port}/sandbox/clock -d '{{\"days\": 30}}'",
            file=sys.stderr,
        )
        serve(application, port=port)


def main() -> None:
    """Run the command line."""
    app(prog_name="portouts")


@contextmanager
def _ending_well(as_json: bool) -> Iterator[None]:
    """Turn what can go wrong into a message that says what to do, and the exit code that belongs to it."""
    try:
        yield
    except typer.Exit:
        raise
    except SettingsError as error:
        _fail(error, WRONG_USAGE, as_json)
    except KeyboardInterrupt:
        _fail(RuntimeError("Stopped at once. Nothing was published; run the sync again to go on."), FAILED, as_json)
    except Exception as error:
        # The names are looked up, since importing the rooms that raise them would import dlt.
        name = type(error).__name__
        if name == "Locked":
            _fail(error, LOCKED, as_json)
        if any(kind.__module__.startswith("portouts.") for kind in type(error).__mro__):
            _fail(error, FAILED, as_json)
        if as_json:
            print(json.dumps({"error": f"{name}, see standard error", "exit_code": FAILED}))
        raise


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Let the first SIGINT or SIGTERM stop the sync after the window in flight; the second ends it at once."""
    stopped: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(number)
        print("portouts: stopping after what is being read; once more to stop at once.", file=sys.stderr)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(stopped)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail(error: BaseException, code: int, as_json: bool) -> None:
    print(f"portouts: {error}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": str(error), "exit_code": code}))
    raise typer.Exit(code) from None


def _now() -> datetime:
    return datetime.now(UTC)


def _as_of(text: str | None) -> datetime:
    now = _now()
    instant = parse_instant("--as-of", text) or now
    if instant > now:
        raise SettingsError(
            f"--as-of {instant.isoformat()} lies in the future (this machine says {now.isoformat()}); "
            "ranges nobody has seen cannot be covered. Give an instant that has passed."
        )
    return instant


def _settle_dlt() -> None:
    """Keep dlt from reporting usage, logging what we report, taking our signals and hoarding what it has loaded.

    What the environment says already comes first.
    """
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
    os.environ.setdefault("RUNTIME__INTERCEPT_SIGNALS", "false")
    os.environ.setdefault("LOAD__DELETE_COMPLETED_JOBS", "true")


def _require(*names: str, extra: str) -> None:
    from importlib.util import find_spec

    if missing := [name for name in names if find_spec(name) is None]:
        raise SettingsError(f"{', '.join(missing)} not installed: pip install 'portouts[{extra}]'")


@contextmanager
def _progress() -> Iterator[Callable[[str], Progress]]:
    """Show a bar on standard error for each step; its percentage is of the rows that the API says there are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("rows"), TimeElapsedColumn(), console=Console(stderr=True)) as bars:

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
        **_report_json(outcome.report),
    }


def _print_sync(outcome: SyncOutcome, as_json: bool) -> None:
    report = outcome.report
    _note([*report.notes, *(f"not proven: {query}" for query in report.unproven), *map(str, outcome.warnings)])
    if report.missing:
        _note([f"{len(report.missing)} open orders are no longer known to the API (404); they are kept as last seen."])
    if report.strange_rows:
        _note([f"{report.strange_rows} rows hold fields or values that were not expected; see their column `extra`."])
    _result(
        _sync_json(outcome),
        as_json,
        f"{outcome.database} now shows {outcome.as_of.isoformat(timespec='seconds')}: {report.orders_read} orders and "
        f"{report.events_read} events read with {report.requests} requests, {outcome.orders_changed} orders new or "
        "changed.",
    )


def _print_load(destination: str, as_of: datetime, report: SyncReport, as_json: bool) -> None:
    _note([*report.notes, *(f"not proven: {query}" for query in report.unproven)])
    found = {"destination": destination, "as_of": as_of.isoformat(), "published": False, **_report_json(report)}
    text = f"{destination} now holds {as_of.isoformat(timespec='seconds')} in its schema raw; nothing was published."
    _result(found, as_json, text)


def _report_json(report: SyncReport) -> dict[str, Any]:
    return {
        "requests": report.requests,
        "orders_read": report.orders_read,
        "events_read": report.events_read,
        "is_proven": not report.unproven,
        "strange_rows": report.strange_rows,
        "missing_orders": report.missing,
        "unproven": report.unproven,
        "notes": report.notes,
    }


def _status_text(found: dict[str, Any]) -> str:
    lines = [
        f"{found['database']}: as of {found['as_of']}, {found['age_hours']} h ago"
        + ("" if found["is_proven"] else ", NOT PROVEN"),
        ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["counts"].items()),
    ]
    for axis, ranges in found["covered"].items():
        lines += [f"covered by {axis}: {start} to {end}" for start, end in ranges]
        lines += [f"GAP in {axis}: {start} to {end}" for start, end in found["gaps"][axis]]
    return "\n".join(lines)


def _print_answers(answers: Sequence[Answer]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    for answer in answers:
        table = Table(
            title=answer.question, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for position, column in enumerate(answer.columns):
            is_name = position == 0
            table.add_column(column.replace("_", " "), justify="left" if is_name else "right", no_wrap=is_name)
        for row in answer.rows:
            table.add_row(*("–" if value is None else str(value) for value in row))
        Console().print(table)


def _note(lines: Iterator[str] | Sequence[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def _result(found: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(found, default=str) if as_json else text)
