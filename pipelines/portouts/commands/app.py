"""The command `portouts`: its commands, and how it starts and ends.

Results go to standard output; progress, notes and errors to standard error. Each command imports what takes long to
import only when it needs it: `portouts --help` and wrong usage need none of it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import typer
from typer.core import TyperGroup

from portouts.commands.answering.authorize import authorize
from portouts.commands.answering.pending import pending
from portouts.commands.answering.reject import reject
from portouts.commands.answering.show import show
from portouts.commands.loading.models import models
from portouts.commands.loading.publish import publish
from portouts.commands.loading.redact import redact
from portouts.commands.loading.sync import sync
from portouts.commands.loading.verify import verify
from portouts.commands.log_options import before_the_command, with_log_options
from portouts.commands.operating.accounts import list_accounts, remove, rename
from portouts.commands.operating.alerts import preview, send_test
from portouts.commands.operating.deploy import deploy
from portouts.commands.operating.doctor import doctor
from portouts.commands.operating.settings import settings
from portouts.commands.reading.export import export
from portouts.commands.reading.report import report
from portouts.commands.reading.status import status
from portouts.commands.terminal.environment import asked_log_format
from portouts.commands.terminal.exit_status import FAILED, print_error, warn_of_lost_output
from portouts.commands.terminal.log.crash import report_what_escapes
from portouts.commands.terminal.log.lines import is_json_log, open_log, reset_log
from portouts.commands.terminal.log.run import begin_run
from portouts.commands.terminal.process import prepare_process, skip_teardown
from portouts.commands.terminal.streams import settle_streams
from portouts.commands.trying.demo import demo
from portouts.commands.trying.sandbox import sandbox
from portouts.logs import ERROR, log

USAGE_ERROR: Any = typer.BadParameter.__base__  # of Click, or of the copy of it that Typer brings
NARROW = 60  # columns; in fewer, framed help cuts the names of options


class _Commands(TyperGroup):
    """The commands; wrong usage is a JSON object too, where JSON is asked for."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        self._given = sys.argv[1:] if args is None else list(args)
        reset_log()
        open_log(asked_log_format(self._given))
        return super().main(self._given, *rest, **options)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with self._usage_reported():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with self._usage_reported():
            return super().invoke(ctx)

    @contextmanager
    def _usage_reported(self) -> Iterator[None]:
        """Report wrong usage as JSON where that is asked for; Typer explains it to people."""
        try:
            yield
        except USAGE_ERROR as error:
            if "--json" in self._given:
                print_error(error.format_message(), error.exit_code)
            if not is_json_log():
                raise
            run = begin_run("portouts")
            log("error", error.format_message(), level=ERROR, error="Usage", exit_code=error.exit_code)
            run.end(error.exit_code)
            raise typer.Exit(error.exit_code) from error

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is Typer's
        """Write what each command does in full; used where help has no frame."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, (command.help or "").split("\n")[0]) for name, command in self.commands.items()])


app = typer.Typer(
    cls=_Commands,
    help="Know how many numbers leave Telnyx by port-out, who gains them, and how fast you answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.callback()(before_the_command)
COMMANDS: list[Callable[..., None]] = [
    *(doctor, sync, verify, models, publish, redact, status, pending, show, authorize, reject),
    *(report, export, settings, deploy, demo, sandbox),
]
for command in COMMANDS:
    app.command()(with_log_options(command))

alerts = typer.Typer(help="Try the receivers of alerts, and show what alerts find.", no_args_is_help=True)
alerts.command("test")(with_log_options(send_test))
alerts.command()(with_log_options(preview))
app.add_typer(alerts, name="alerts")

accounts = typer.Typer(help="List, rename and remove the accounts of a warehouse.", no_args_is_help=True)
accounts.command("list")(with_log_options(list_accounts))
accounts.command()(with_log_options(rename))
accounts.command()(with_log_options(remove))
app.add_typer(accounts, name="accounts")


def main() -> None:
    """Run the command line."""
    note_exit_code = skip_teardown()
    settle_streams()
    _fit_help(shutil.get_terminal_size().columns)
    prepare_process()
    report_what_escapes()
    try:
        app(prog_name="portouts")
    except SystemExit as ended:
        code = ended.code or (FAILED if warn_of_lost_output() else 0)
        note_exit_code(code)
        sys.exit(code)


def _fit_help(width: int) -> None:
    """Print help without a frame, each explanation below its option, if a frame leaves no room for words."""
    if width < NARROW:
        context = _Commands.context_class
        wide = context.formatter_class
        below = {"write_dl": partialmethod(wide.write_dl, col_max=4)}
        context.formatter_class = type("Narrow", (wide,), below)
        app.rich_markup_mode = None
        app.info.context_settings = {**(app.info.context_settings or {}), "terminal_width": width}
