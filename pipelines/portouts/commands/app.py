"""The command `portouts`: its commands, and how it starts and ends.

Results go to standard output; progress, notes and errors to standard error. Each command imports what takes long to
import only when it needs it: `portouts --help` and wrong usage need none of it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import partialmethod
from typing import Any

import typer
from typer.core import TyperGroup

from portouts.commands.answering.pending import pending
from portouts.commands.answering.show import show
from portouts.commands.loading.models import models
from portouts.commands.loading.sync import sync
from portouts.commands.loading.verify import verify
from portouts.commands.operating.deploy import deploy
from portouts.commands.operating.doctor import doctor
from portouts.commands.reading.report import report
from portouts.commands.reading.status import status
from portouts.commands.terminal.exit_status import FAILED, print_error, warn_of_lost_output
from portouts.commands.terminal.process import prepare_process, skip_teardown
from portouts.commands.terminal.streams import settle_streams
from portouts.commands.trying.demo import demo
from portouts.commands.trying.sandbox import sandbox

NARROW = 60  # columns; in fewer, framed help cuts the names of options


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
for command in (doctor, sync, verify, models, status, pending, show, report, deploy, demo, sandbox):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    note_exit_code = skip_teardown()
    settle_streams()
    _fit_help(shutil.get_terminal_size().columns)
    prepare_process()
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
