"""The command `portouts`: which commands there are, which options each takes, and which job does its work.

Results go to standard output; progress, notes and errors to standard error. `exit_status` lists the exit codes. Each
command imports what takes long to import only when it needs it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from portouts.commands.environment import (
    instants_to_read,
    instants_to_verify,
    machine_time,
    require_packages,
    resolve_settings,
)
from portouts.commands.options import (
    DEFAULT_DATABASE,
    DEMO_DATABASE,
    AcceptDeletions,
    AcceptSettings,
    AllowUnproven,
    AsJson,
    AsOf,
    Check,
    Config,
    Database,
    Destination,
    FirstOrders,
    Full,
    HeldSince,
    InsertedSince,
    InsertedUntil,
    Keep,
    Latency,
    NewDatabase,
    Output,
    Port,
    Quick,
    RateLimit,
    Rebuild,
    Repair,
    Sample,
    Seed,
    SimulatedOrders,
    StandingClock,
    StateDir,
    VerifyAfterSync,
    VerifyDepth,
    chosen_depth,
    require_engine,
)
from portouts.commands.terminal.exit_status import DIFFERENT, FAILED, print_error, warn_of_lost_output, with_exit_status
from portouts.commands.terminal.process import home_folder, prepare_imports, prepare_process, stop_on_signal
from portouts.commands.terminal.progress import note, note_plan, note_wait, progress
from portouts.commands.terminal.streams import settle_streams
from portouts.errors import PortoutsError, SettingsError
from portouts.load.settings_files import parse_instant, published_file, read_toml, require_folder_of, settings_files
from portouts.verify.count_buckets import Depth, Verify

if TYPE_CHECKING:
    import socket

    from portouts.commands.jobs.sync import SyncOutcome, SyncRequest
    from portouts.extract.options import SyncReport
    from portouts.load.source import Supervision
    from portouts.warehouse.warehouse import Warehouse

NARROW = 60  # columns; in fewer, framed help cuts the names of options
SANDBOX_KEY = "KEY_SANDBOX_NOT_A_SECRET"
SANDBOX_HISTORY = timedelta(days=516)


class _Commands(TyperGroup):
    """The commands; with `--json`, wrong usage is an object too."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        given = sys.argv[1:] if args is None else list(args)
        try:
            return super().main(given, *rest, **options)
        except SystemExit as ended:
            usage = getattr(ended.__context__, "format_message", None)  # of Click's errors, which print themselves
            if usage and "--json" in given:
                print_error(usage(), ended.code)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is Typer's
        """Write what each command does in full; used where help has no frame."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, (command.help or "").split("\n")[0]) for name, command in self.commands.items()])


app = typer.Typer(
    cls=_Commands,
    help="Know how many numbers leave Telnyx by port-out, who gains them, and how fast you answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
@with_exit_status(
    stopped="Nothing was published; run the sync again to go on.", done="The sync is done; see `portouts status`."
)
def sync(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    as_of: AsOf = None,
    since: HeldSince = None,
    full: Full = False,
    allow_unproven: AllowUnproven = False,
    accept_deletions: AcceptDeletions = False,
    verify: VerifyAfterSync = Verify.QUICK,
    destination: Destination = None,
    keep: Keep = None,
    rebuild: Rebuild = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse up to date: one incremental load, models, checks, publish."""
    database = published_file(database)
    until, start = instants_to_read(as_of, since)
    files = settings_files(database, config)
    if destination is not None:
        require_engine(context, destination, files)
    settings = resolve_settings(files)
    from portouts.commands.jobs.sync import SyncRequest
    from portouts.commands.terminal.sync_output import print_load, print_sync

    request = SyncRequest(
        as_of=until,
        settings=settings,
        since=start,
        full=full,
        allow_unproven=allow_unproven,
        accept_deletions=accept_deletions,
        accept_settings=accept_settings,
        verify=verify,
        keep=keep,
        rebuild=rebuild,
    )
    warehouse = _warehouse(database, state_dir)
    if destination is None:
        print_sync(_sync(warehouse, request), as_json=as_json)
    else:
        print_load(destination, _load(warehouse, request, destination, files), as_json=as_json)


def _sync(warehouse: Warehouse, request: SyncRequest) -> SyncOutcome:
    from portouts.commands.jobs.sync import run_sync

    with _supervision() as supervision:
        return run_sync(warehouse, request, machine_time, supervision)


def _load(warehouse: Warehouse, request: SyncRequest, destination: str, files: Sequence[Path]) -> SyncReport:
    from portouts.commands.jobs.sync import run_load

    with _supervision() as supervision:
        return run_load(warehouse, request, supervision, destination, map(read_toml, files))


@contextmanager
def _supervision() -> Iterator[Supervision]:
    """Show progress, and stop on a signal."""
    from portouts.commands.jobs.sync import CHUNK_ROWS
    from portouts.load.source import Supervision

    with progress() as bar, stop_on_signal() as is_stopping:
        yield Supervision(
            on_progress=bar("Reading Telnyx"),
            is_stopping=is_stopping,
            on_wait=note_wait,
            chunk_rows=CHUNK_ROWS,
            now=machine_time,
        )


@app.command()
@with_exit_status(
    stopped="No certificate was published; what was repaired is kept. Run `portouts verify` again.",
    done="Its certificate is published.",
)
def verify(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    quick: Quick = False,
    depth: VerifyDepth = Depth.MONTH,
    sample: Sample = 0,
    since: InsertedSince = None,
    until: InsertedUntil = None,
    repair: Repair = False,
    accept_deletions: AcceptDeletions = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove the warehouse against the API: counts by status and month, and a search where they disagree.

    Exit codes: 0 proven, 3 different, 1 not provable.
    """
    database = published_file(database)
    start, end = instants_to_verify(since, until)
    depth = chosen_depth(context, depth, quick=quick)
    settings = resolve_settings(settings_files(database, config))
    from portouts.commands.jobs.verify import VerifyRequest, run_verify
    from portouts.commands.terminal.verification_output import print_verification
    from portouts.load.source import Supervision
    from portouts.verify.comparison import Verdict

    request = VerifyRequest(settings, depth, sample, start, end, repair, accept_deletions, accept_settings)
    warehouse, supervision = _warehouse(database, state_dir), Supervision(on_wait=note_wait)
    with progress() as bar:
        outcome = run_verify(warehouse, request, machine_time, supervision, bar("Verifying"), note_plan)
    print_verification(outcome, as_json=as_json)
    verdict = Verdict(outcome.certificate.verdict)
    if verdict is not Verdict.PROVEN:
        raise typer.Exit(DIFFERENT if verdict is Verdict.DIFFERENT else FAILED)


@app.command()
@with_exit_status(
    stopped="The published file is as it was; run `portouts models` again.", done="The models are up to date."
)
def models(
    database: Database = DEFAULT_DATABASE,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild staging, marts and checks from what is loaded, and publish; nothing where nothing changed."""
    database = published_file(database)
    settings = resolve_settings(settings_files(database, config), needs_key=False)
    from portouts.commands.jobs.models import rebuild_models
    from portouts.commands.terminal.models_output import print_models

    outcome = rebuild_models(_warehouse(database, state_dir), settings, accept_settings=accept_settings)
    print_models(outcome, as_json=as_json)


@app.command()
@with_exit_status()
def status(database: Database = DEFAULT_DATABASE, check: Check = False, as_json: AsJson = False) -> None:
    """Show how fresh the published file is, which ranges it covers, and what it holds."""
    database = published_file(database)
    from portouts.commands.terminal.status_output import print_status
    from portouts.report.status import read_status

    print_status(read_status(database, machine_time(), check=check), as_json=as_json)


@app.command()
@with_exit_status(stopped="No page was written; an earlier one is as it was.", done="The page is written.")
def report(database: Database = DEFAULT_DATABASE, output: Output = None, as_json: AsJson = False) -> None:
    """Run the notebooks against the published file and write one HTML page that needs nothing else."""
    database = published_file(database)
    output = require_folder_of("--output", output) if output else None
    require_packages("ipykernel", "matplotlib", "nbclient", "nbconvert", "nbformat", extra="report")
    from portouts.commands.terminal.output import print_result

    with home_folder():
        from portouts.report.page import build_report

        built = build_report(database, output)
    print_result(str(built), built.to_json(), as_json=as_json)


@app.command()
@with_exit_status(
    stopped="The demo is half done; run it again, into another file where you named one.",
    done="Its warehouse is written.",
)
def demo(
    database: NewDatabase = DEMO_DATABASE, orders: SimulatedOrders = 3_000, seed: Seed = 7, as_json: AsJson = False
) -> None:
    """See the whole job on a simulated account: two syncs 30 days apart, then the report. Needs no key, no network."""
    database = published_file(database)
    state = database.parent / ".portouts" / database.name
    if database != DEMO_DATABASE and (database.exists() or state.exists()):
        raise SettingsError(f"{database} exists already; give the demo a new file.")
    require_packages("starlette", "uvicorn", extra="sandbox")
    prepare_imports()
    from portouts.commands.jobs.demo import run_demo
    from portouts.commands.terminal.demo_output import print_demo

    with progress() as add_bar:
        outcome = run_demo(database, orders, seed, machine_time, add_bar)
    print_demo(outcome, as_json=as_json)
    if outcome.differences:
        raise typer.Exit(FAILED)


@app.command()
@with_exit_status(stopped="Nothing was served yet.")
def sandbox(
    port: Port = 8000,
    orders: FirstOrders = 2_000,
    seed: Seed = 7,
    latency_ms: Latency = 0,
    rate_limit: RateLimit = None,
    now: StandingClock = None,
) -> None:
    """Serve the simulated Telnyx API on loopback until interrupted."""
    require_packages("starlette", "uvicorn", extra="sandbox")
    instant = parse_instant("--now", now)
    from portouts_sandbox import World, create_app, serve

    listener = _listener(port)
    begins = instant or machine_time()
    world = World(orders=orders, seed=seed, starts_at=begins - SANDBOX_HISTORY, now=begins)
    clock = None if instant else machine_time
    application = create_app(world, api_key=SANDBOX_KEY, latency=latency_ms / 1000, rate_limit=rate_limit, clock=clock)
    with suppress(KeyboardInterrupt):  # which may come before the server takes signals
        port = listener.getsockname()[1]
        print(
            f"Serving {orders} orders as of {world.now.isoformat()}. In another terminal:\n"
            f"  export TELNYX_BASE_URL=http://127.0.0.1:{port}/v2 TELNYX_API_KEY={SANDBOX_KEY}\n"
            "  portouts sync\n"
            f"Move its clock: curl -X POST http://127.0.0.1:{port}/sandbox/clock -d '{{\"days\": 30}}'",
            file=sys.stderr,
        )
        serve(application, listener)


def _listener(port: int) -> socket.socket:
    from portouts_sandbox import listen

    try:
        return listen(port)
    except OSError as error:
        raise PortoutsError(
            f"Port {port} cannot be listened on: {os.strerror(error.errno or 0).lower()}. Give --port another number, "
            "or 0 for any that is free."
        ) from None


def main() -> None:
    """Run the command line."""
    settle_streams()
    _fit_help(shutil.get_terminal_size().columns)
    prepare_process()
    try:
        app(prog_name="portouts")
    except SystemExit as ended:
        sys.exit(ended.code or (FAILED if warn_of_lost_output() else 0))


def _fit_help(width: int) -> None:
    """Print help without a frame, each explanation below its option, where a frame leaves no room for words."""
    if width < NARROW:
        context = _Commands.context_class
        wide = context.formatter_class
        below = {"write_dl": partialmethod(wide.write_dl, col_max=4)}
        context.formatter_class = type("Narrow", (wide,), below)
        app.rich_markup_mode = None
        app.info.context_settings = {**(app.info.context_settings or {}), "terminal_width": width}


def _warehouse(database: Path, state_dir: Path | None) -> Warehouse:
    from portouts.warehouse.warehouse import Warehouse

    return Warehouse(database, state_dir, lambda text: note([text]))
