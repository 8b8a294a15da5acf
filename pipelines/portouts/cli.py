"""The command `portouts`: options, clock, terminal and exit codes. Everything else is handed what it needs.

Exit codes: 0 done and proven · 1 failed, nothing published · 2 wrong usage or settings · 3 `verify` found
differences · 75 another sync holds the lock. Results go to standard output; progress, notes and errors to standard
error. What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial, partialmethod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from portouts.buckets import Depth, Verify
from portouts.errors import PortoutsError
from portouts.lean_process import be_lean
from portouts.settings import (
    SettingsError,
    asks_vault,
    find_settings,
    parse_instant,
    published_file,
    read_toml,
    require_api_key,
    require_current_folder,
    require_destination,
    require_folder_of,
    require_range,
    settings_files,
)
from portouts.streams import lost_output, settle_streams
from portouts.terminal import (
    note,
    note_plan,
    note_wait,
    print_demo,
    print_load,
    print_models,
    print_sync,
    print_verification,
    progress,
    result,
    status_text,
)

if TYPE_CHECKING:
    from portouts.source_settings import SourceSettings

FAILED, DIFFERENT = 1, 3
NARROW = 60  # columns; in fewer, framed help cuts the names of options
# What DuckDB makes of a signal while it computes, as a RuntimeError.
QUERY_INTERRUPTED = "Query interrupted"


class _Commands(TyperGroup):
    """The commands; wrong usage is told to programs too."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        given = sys.argv[1:] if args is None else list(args)
        try:
            return super().main(given, *rest, **options)
        except SystemExit as ended:
            usage = getattr(ended.__context__, "format_message", None)  # of Click's errors, which print themselves
            if usage and "--json" in given:
                print(json.dumps({"error": usage(), "exit_code": ended.code}))
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is Typer's
        """Write what each command does in full; used where help has no frame."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, (command.help or "").split("\n")[0]) for name, command in self.commands.items()])


def _verify(text: str) -> Verify:
    """Read how a sync is to verify; `full` is what `month` was called before."""
    try:
        return Verify("month" if text == "full" else text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Verify)}.") from None


app = typer.Typer(
    cls=_Commands,
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
Keep = Annotated[
    int | None,
    typer.Option(
        min=0, help="Keep so many versions published before, in .portouts/; 0 removes them.", envvar="PORTOUTS_KEEP"
    ),
]
AcceptSettings = Annotated[
    bool, typer.Option("--accept-settings", help="Take settings that change what the numbers of this database mean.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Folder or file of settings. Default: .dlt beside the database, then .dlt in the current folder.",
        envvar="PORTOUTS_CONFIG",
    ),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of working state. Default: .portouts beside the database.",
        envvar="PORTOUTS_STATE_DIR",
    ),
]
AcceptDeletions = Annotated[
    bool,
    typer.Option(
        "--accept-deletions", help="Mark orders as deleted that the API no longer knows, however many they are."
    ),
]
DEFAULT_DATABASE = Path("data/portouts.duckdb")
DEMO_DATABASE = Path("data/portouts-demo.duckdb")
SANDBOX_KEY = "KEY_SANDBOX_NOT_A_SECRET"
SANDBOX_HISTORY = timedelta(days=516)


@app.command()
def sync(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    as_of: Annotated[str | None, typer.Option(metavar="TS", help="Read up to this instant. Default: now.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Hold orders inserted from this day on; extends backwards.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, whatever is covered.")] = False,
    allow_unproven: Annotated[
        bool, typer.Option("--allow-unproven", help="Publish even what the API's own counts do not confirm.")
    ] = False,
    accept_deletions: AcceptDeletions = False,
    verify: Annotated[
        Verify,
        typer.Option(
            parser=_verify,
            metavar="|".join(Verify),
            help="Prove the result against the API's counts: how finely, or not at all.",
        ),
    ] = Verify.QUICK,
    destination: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Load raw into this dlt destination instead; builds and publishes nothing."),
    ] = None,
    keep: Keep = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the working file again from the published one before that.")
    ] = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse up to date: one incremental load, models, checks, publish."""
    with _ending_well(
        as_json, "Nothing was published; run the sync again to go on.", done="The sync is done; see `portouts status`."
    ):
        database = published_file(database)
        instant = _as_of(as_of)
        from_day = parse_instant("--since", since)
        require_range("--since", from_day, instant)
        files = settings_files(database, config)
        if destination is not None:
            _refuse(context, "verify", "keep", "rebuild", "accept_settings", because="--destination loads raw alone")
            require_destination(destination, os.environ, files)
        settings = _settings(files)
        from portouts.sync_job import CHUNK_ROWS, SyncRequest, run_load, run_sync
        from portouts.telnyx_source import Supervision
        from portouts.warehouse import Warehouse

        request = SyncRequest(
            as_of=instant if as_of else None,
            settings=settings,
            since=from_day,
            full=full,
            allow_unproven=allow_unproven,
            accept_deletions=accept_deletions,
            accept_settings=accept_settings,
            verify=verify,
            keep=keep,
            rebuild=rebuild,
        )
        with progress() as bar, _stop_on_signal() as is_stopping:
            supervision = Supervision(
                on_progress=bar("Reading Telnyx"),
                is_stopping=is_stopping,
                on_wait=note_wait,
                chunk_rows=CHUNK_ROWS,
                now=_now,
            )
            if destination is None:
                outcome = run_sync(Warehouse(database, state_dir, _note), request, _now, supervision)
                say = partial(print_sync, outcome, as_json)
            else:
                warehouse = Warehouse(database, state_dir, _note)
                report = run_load(warehouse, request, supervision, destination, map(read_toml, files))
                say = partial(print_load, destination, report, as_json)
        say()


@app.command()
def verify(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    quick: Annotated[bool, typer.Option("--quick", hidden=True, help="The same as --depth quick.")] = False,
    depth: Annotated[
        Depth, typer.Option(help="How finely to count, by status; quick takes at most 7 requests.")
    ] = Depth.MONTH,
    sample: Annotated[int, typer.Option(min=0, help="Read so many random pages whole and compare every field.")] = 0,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only orders inserted from here on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only orders inserted before.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Read again what differs, then verify again.")] = False,
    accept_deletions: AcceptDeletions = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove the warehouse against the API: counts by status and month, and a search where they disagree.

    Exit codes: 0 proven, 3 different, 1 not provable.
    """
    with _ending_well(
        as_json,
        "No certificate was published; what was repaired is kept. Run `portouts verify` again.",
        done="Its certificate is published.",
    ):
        database = published_file(database)
        from_day, to_day = parse_instant("--since", since), parse_instant("--until", until)
        if from_day and to_day and from_day >= to_day:
            raise SettingsError(f"--until {until} does not lie after --since {since}, so there is nothing to verify.")
        if quick and depth is not Depth.QUICK:
            _refuse(context, "depth", because="--quick is --depth quick")
        settings = _settings(settings_files(database, config))
        from portouts.telnyx_source import Supervision
        from portouts.verify_job import VerifyRequest, run_verify
        from portouts.warehouse import Warehouse

        chosen = Depth.QUICK if quick else depth
        request = VerifyRequest(
            settings, chosen, sample, from_day, to_day, repair, accept_deletions, accept_settings=accept_settings
        )
        with progress() as bar:
            supervision, warehouse = Supervision(on_wait=note_wait), Warehouse(database, state_dir, _note)
            outcome = run_verify(warehouse, request, _now, supervision, bar("Verifying"), note_plan)
        print_verification(outcome, as_json)
        if outcome.certificate.verdict != "PROVEN":
            raise typer.Exit(DIFFERENT if outcome.certificate.verdict == "DIFFERENT" else FAILED)


@app.command()
def models(
    database: Database = DEFAULT_DATABASE,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild staging, marts and checks from what is loaded, and publish; nothing where nothing changed."""
    with _ending_well(
        as_json, "The published file is as it was; run `portouts models` again.", done="The models are up to date."
    ):
        database = published_file(database)
        settings = _settings(settings_files(database, config), needs_key=False)
        from portouts.models_job import rebuild_models
        from portouts.warehouse import Warehouse

        warehouse = Warehouse(database, state_dir, _note)
        print_models(rebuild_models(warehouse, settings, accept_settings=accept_settings), as_json)


@app.command()
def status(
    database: Database = DEFAULT_DATABASE,
    check: Annotated[
        bool, typer.Option("--check", help="Read the whole file and compare it with the checksum of its certificate.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how fresh the published file is, which ranges it covers, and what it holds."""
    with _ending_well(as_json):
        database = published_file(database)
        from portouts.status import read_status

        found = read_status(database, _now(), check=check)
        result(found, as_json, status_text(found))


@app.command()
def report(
    database: Database = DEFAULT_DATABASE,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: portouts-report.html beside the database.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the notebooks against the published file and write one HTML page that needs nothing else."""
    with _ending_well(as_json, "No page was written; an earlier one is as it was.", done="The page is written."):
        database = published_file(database)
        output = require_folder_of("--output", output) if output else None
        _require("ipykernel", "matplotlib", "nbclient", "nbconvert", "nbformat", extra="report")
        with _some_home():
            from portouts.report import build_report

            built = build_report(database, output)
        result(built.to_json(), as_json, str(built))


@app.command()
def demo(
    database: Annotated[Path, typer.Option(help="A file that does not exist yet.")] = DEMO_DATABASE,
    orders: Annotated[int, typer.Option(min=1, help="Orders of the simulated account.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed, another account.")] = 7,
    as_json: AsJson = False,
) -> None:
    """See the whole job on a simulated account: two syncs 30 days apart, then the report. Needs no key, no network."""
    with _ending_well(
        as_json,
        "The demo is half done; run it again, into another file where you named one.",
        done="Its warehouse is written.",
    ):
        database = published_file(database)
        state = database.parent / ".portouts" / database.name
        if database != DEMO_DATABASE and (database.exists() or state.exists()):
            raise SettingsError(f"{database} exists already; give the demo a new file.")
        _require("starlette", "uvicorn", extra="sandbox")
        _settle_process()
        from portouts.demo import clear_demo, read_answers, run_demo

        clear_demo(database)
        with progress() as bar:
            outcome = run_demo(database, orders, seed, _now, bar)
        print_demo(outcome, database, read_answers(database), as_json)
        if outcome.differences:
            raise typer.Exit(FAILED)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port.")] = 8000,
    orders: Annotated[int, typer.Option(min=0, help="Orders at the start.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, another account.")] = 7,
    latency_ms: Annotated[float, typer.Option(min=0, help="Answer each request so much later.")] = 0,
    rate_limit: Annotated[int | None, typer.Option(min=1, help="Requests per second before a 429.")] = None,
    now: Annotated[
        str | None, typer.Option(metavar="TS", help="Let its clock stand at this instant. Default: this machine's.")
    ] = None,
) -> None:
    """Serve the simulated Telnyx API on loopback until interrupted."""
    with _ending_well(as_json=False, stopped="Nothing was served yet."):
        _require("starlette", "uvicorn", extra="sandbox")
        instant = parse_instant("--now", now)
        from portouts.sandbox import World, create_app, listen, serve

        try:
            listener = listen(port)
        except OSError as error:
            raise PortoutsError(
                f"Port {port} cannot be listened on: {os.strerror(error.errno or 0).lower()}. Give --port another "
                "number, or 0 for any that is free."
            ) from None
        port = listener.getsockname()[1]
        begins = instant or _now()
        world = World(orders=orders, seed=seed, starts_at=begins - SANDBOX_HISTORY, now=begins)
        clock = None if instant else _now
        application = create_app(
            world, api_key=SANDBOX_KEY, latency=latency_ms / 1000, rate_limit=rate_limit, clock=clock
        )
        with suppress(KeyboardInterrupt):  # which may come before the server takes signals
            print(
                f"Serving {orders} orders as of {world.now.isoformat()}. In another terminal:\n"
                f"  export TELNYX_BASE_URL=http://127.0.0.1:{port}/v2 TELNYX_API_KEY={SANDBOX_KEY}\n"
                "  portouts sync\n"
                f"Move its clock: curl -X POST http://127.0.0.1:{port}/sandbox/clock -d '{{\"days\": 30}}'",
                file=sys.stderr,
            )
            serve(application, listener)


def main() -> None:
    """Run the command line."""
    # Pages are many small objects, nearly all of them in use: by default, a fifth of all work is looking for others.
    gc.set_threshold(20_000, 10, 10)
    settle_streams()
    _fit_help(shutil.get_terminal_size().columns)
    # Without a handler, SIGTERM does nothing to the first process of a container, or where it came ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.name != "posix":
        sys.exit("portouts: Windows is not supported; portouts runs on Linux, macOS and in WSL.")
    os.umask(0o077)  # names and addresses are in what is written: only its owner reads it
    try:
        app(prog_name="portouts")
    except SystemExit as ended:
        sys.exit(ended.code or (0 if _is_shown() else FAILED))


def _fit_help(width: int) -> None:
    """Print help without a frame, each explanation below its option, where a frame leaves no room for words."""
    if width < NARROW:
        context = _Commands.context_class
        wide = context.formatter_class
        below = {"write_dl": partialmethod(wide.write_dl, col_max=4)}
        context.formatter_class = type("Narrow", (wide,), below)
        app.rich_markup_mode = None
        app.info.context_settings = {**(app.info.context_settings or {}), "terminal_width": width}


def _is_shown(done: str = "") -> bool:
    """Say so where the result could not be printed, and what holds all the same."""
    lost = lost_output()
    if lost:
        print(f"portouts: Standard output {lost}, so the result is not shown. {done}".rstrip(), file=sys.stderr)
    return not lost


@contextmanager
def _ending_well(as_json: bool, stopped: str = "Nothing was changed.", done: str = "") -> Iterator[None]:
    """Turn what can go wrong into a message that says what to do, and the exit code that belongs to it.

    `stopped` says what holds after an interruption at once, and `done` what holds although the result could not be
    printed; a command that only prints has then failed.
    """
    try:
        require_current_folder()
        yield
        if not _is_shown(done) and not done:
            raise typer.Exit(FAILED)
    except typer.Exit:
        _is_shown(done)
        raise
    except PortoutsError as error:
        _fail(str(error), error.exit_code, as_json)
    except KeyboardInterrupt:
        _fail(f"Stopped at once. {stopped}", FAILED, as_json)
    except Exception as error:
        if str(error) == QUERY_INTERRUPTED:
            _fail(f"Stopped at once. {stopped}", FAILED, as_json)
        if as_json:
            print(json.dumps({"error": f"{type(error).__name__}, see standard error", "exit_code": FAILED}))
        raise


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Let the first SIGINT or SIGTERM stop the sync after what is being read, as long as answers come.

    The second one ends it at once.
    """
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


@contextmanager
def _some_home() -> Iterator[None]:
    """Give Jupyter, which keeps files in the user's home, an empty one where the user has none."""
    try:
        Path.home()
    except RuntimeError:
        with TemporaryDirectory() as home:
            os.environ["HOME"] = home
            yield
    else:
        yield


def _refuse(context: typer.Context, *names: str, because: str) -> None:
    """Refuse options that were given on the command line and cannot be obeyed."""
    sources = {name: context.get_parameter_source(name) for name in names}
    given = [f"--{name.replace('_', '-')}" for name, found in sources.items() if found and found.name == "COMMANDLINE"]
    if given:
        raise SettingsError(f"{because}: leave out {' and '.join(given)}.")


def _fail(error: str, code: int, as_json: bool) -> None:
    print(f"portouts: {error}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": error, "exit_code": code}))
    raise typer.Exit(code) from None


def _note(text: str) -> None:
    note([text])


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


def _settings(files: Sequence[Path], *, needs_key: bool = True) -> SourceSettings:
    """Read all settings from the environment and these files, and from a vault that they name."""
    found = find_settings(os.environ, files)
    if needs_key:
        require_api_key(found, files)
    _settle_process()
    from portouts.source_settings import found_by_dlt, read_settings

    return read_settings(found={**found_by_dlt(), **found} if asks_vault(files) else found, needs_key=needs_key)


def _settle_process() -> None:
    """Keep this process lean, and dlt from what its own variables say, some of which it reads when it is imported."""
    for name in [name for name in os.environ if name.startswith("DLT_")]:
        del os.environ[name]
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # gives back between chunks what it does not need
    be_lean()


def _require(*names: str, extra: str) -> None:
    from importlib.util import find_spec

    if missing := [name for name in names if find_spec(name) is None]:
        raise SettingsError(f"{', '.join(missing)} not installed: pip install 'portouts[{extra}]'")
