"""How a command ends: an error becomes a message that says what to do, an exit code, and JSON with `--json`.

The surprise: a result that could not be printed (a full disk behind `>`) fails a command only if printing was all it
had to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import NoReturn, ParamSpec

import typer

from portouts.commands.terminal.log.crash import crash_text, report_crash
from portouts.commands.terminal.log.run import begin_run, this_run
from portouts.commands.terminal.paths import require_current_folder
from portouts.commands.terminal.streams import lost_output
from portouts.errors import PortoutsError
from portouts.logs import ERROR, log

FAILED, DIFFERENT, GATE = 1, 3, 4
EXIT_CODES = {
    0: "done; notes report what could not be proven",
    FAILED: (
        "failed. A `sync` has published nothing; `verify` could prove neither agreement nor difference; a check of "
        "`doctor` failed. Of `[publish] targets`: the file is published, and the named target is behind. "
        "Of several accounts: the others are published, and the named one is as it was"
    ),
    2: "wrong usage or settings; the message says what to set",
    DIFFERENT: "`verify` found differences and, with `--repair`, could not repair them",
    GATE: "a limit of `status` is exceeded; standard error says which, and why",
    75: "another sync holds the lock, or another program holds the working file",
}
# The RuntimeError that DuckDB makes of a signal while it computes.
QUERY_INTERRUPTED = "Query interrupted"

Options = ParamSpec("Options")


def with_exit_status(
    *, stopped: str = "Nothing was changed.", done: str = ""
) -> Callable[[Callable[Options, None]], Callable[Options, None]]:
    """Decorate a command: whatever it raises becomes a message and an exit code.

    `stopped` states what holds after an interruption. `done` states what holds although the result could not be
    printed; without it, such a command has failed.
    """

    def decorate(command: Callable[Options, None]) -> Callable[Options, None]:
        @wraps(command)
        def run(*arguments: Options.args, **options: Options.kwargs) -> None:
            as_json = bool(options.get("as_json"))
            with _summarised(command.__name__), _handled_errors(stopped, as_json=as_json), _lost_output(done):
                require_current_folder()
                command(*arguments, **options)

        return run

    return decorate


@contextmanager
def _summarised(name: str) -> Iterator[None]:
    """Log a summary at the end of a command, however it ends."""
    run = begin_run(name)
    try:
        yield
    except typer.Exit as ended:
        run.end(ended.exit_code)
        raise
    run.end(0)


@contextmanager
def _lost_output(done: str) -> Iterator[None]:
    """Report output that was lost, also if the command ends with an exit code of its own."""
    try:
        yield
    except typer.Exit:
        warn_of_lost_output(done)
        raise
    if warn_of_lost_output(done) and not done:
        raise typer.Exit(FAILED)


@contextmanager
def _handled_errors(stopped: str, *, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except PortoutsError as error:
        _fail(str(error), error.exit_code, type(error).__name__, as_json=as_json)
    except KeyboardInterrupt:
        _fail(f"Stopped at once. {stopped}", FAILED, "Stopped", as_json=as_json)
    except Exception as error:
        if str(error) == QUERY_INTERRUPTED:
            _fail(f"Stopped at once. {stopped}", FAILED, "Stopped", as_json=as_json)
        report_crash(error, stopped)
        if as_json:
            print_error(crash_text(error, stopped), FAILED)
        raise typer.Exit(FAILED) from error


def warn_of_lost_output(done: str = "") -> bool:
    """Report on standard error that the result could not be printed, and what holds all the same."""
    if lost := lost_output():
        log("output.lost", f"Standard output {lost}, so the result is not shown. {done}".rstrip(), level=ERROR)
    return bool(lost)


def print_error(error: str, exit_code: object) -> None:
    """Print the JSON object of a failure."""
    print(json.dumps({"error": error, "exit_code": exit_code}))


def _fail(error: str, exit_code: int, kind: str, *, as_json: bool) -> NoReturn:
    log("error", error, level=ERROR, error=kind, exit_code=exit_code)
    this_run().facts["error"] = kind
    if as_json:
        print_error(error, exit_code)
    raise typer.Exit(exit_code) from None
