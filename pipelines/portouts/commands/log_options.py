"""The options of the log, which every command has; they may stand before the command, too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any, TypeVar, cast

import typer

from portouts.commands.terminal.log.lines import LogFormat, open_log

Command = TypeVar("Command", bound=Callable[..., None])


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"portouts {version('portouts')}")
        raise typer.Exit


_FORMAT_HELP = "Write standard error as text, or as one JSON object per line."
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log every request, wait and phase, and the trace of an error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Log errors only.")]
LogFormatOfAll = Annotated[
    LogFormat | None, typer.Option("--log-format", help=_FORMAT_HELP, envvar="PORTOUTS_LOG_FORMAT")
]
LogFormatOfCommand = Annotated[LogFormat | None, typer.Option("--log-format", help=_FORMAT_HELP)]
Version = Annotated[
    bool, typer.Option("--version", help="Print the version, do nothing else.", is_eager=True, callback=_show_version)
]


def choose_log(verbose: Verbose = False, quiet: Quiet = False, log_format: LogFormatOfCommand = None) -> None:
    """Configure the log with these options; an option that is not given changes nothing."""
    if verbose and quiet:
        raise typer.BadParameter("--verbose and --quiet contradict each other.")
    open_log(log_format, verbose=verbose, quiet=quiet)


def before_the_command(
    verbose: Verbose = False,
    quiet: Quiet = False,
    log_format: LogFormatOfAll = None,
    version: Version = False,  # noqa: ARG001 - printed as soon as it is read
) -> None:
    """Read the options before the command."""
    choose_log(verbose=verbose, quiet=quiet, log_format=log_format)


def with_log_options(command: Command) -> Command:
    """Add the options of the log to a command, in its signature, where Typer reads them."""
    own, ours = (inspect.signature(function, eval_str=True) for function in (command, choose_log))

    @wraps(command)
    def run(**options: Any) -> None:
        choose_log(**{name: options.pop(name) for name in ours.parameters})
        command(**options)

    parameters = [*own.parameters.values(), *ours.parameters.values()]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # functions take any
    return cast("Command", run)
