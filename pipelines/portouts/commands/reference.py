"""Write `docs/commands.md`: every command with its options, as the command line's own help shows them.

    python -m portouts.commands.reference > docs/commands.md

Hidden options stay hidden.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer
import typer.main

from portouts.commands.app import app
from portouts.commands.log_options import choose_log
from portouts.commands.terminal.exit_status import EXIT_CODES

COMMAND = "python -m portouts.commands.reference > docs/commands.md"
OPENING = f"""\
# The commands

<!-- Written by `{COMMAND}` from the help of the command line. -->

`portouts --help` and `portouts COMMAND --help` show the same. `python -m portouts` is the same command.

With `--json`, standard output holds exactly one JSON object. If the command fails, the object has the fields `error`
and `exit_code`, also for wrong usage. Progress, notes and errors go to standard error.
"""
SHARED_NAMES = tuple(inspect.signature(choose_log).parameters)
SHARED = f"""\
{", ".join(f"`--{name.replace('_', '-')}`" for name in SHARED_NAMES)} may stand before the command or after it, the
others before it. [operating.md](operating.md#logs) describes the log."""


def reference() -> str:
    """Return the whole page as Markdown."""
    group: Any = typer.main.get_command(app)
    commands = dict(all_commands())
    sections = [_overview(commands), _shared_options(group)]
    sections += [_command(name, command) for name, command in commands.items()]
    sections += [_exit_codes()]
    return "\n".join([OPENING, *sections])


def all_commands() -> Iterator[tuple[str, Any]]:
    """Yield every command by its name, those of a group as `group name`."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # a group
        own = getattr(command, "commands", {})
        yield from ((f"{name} {other}", inner) for other, inner in own.items()) if own else [(name, command)]


def _overview(commands: Mapping[str, Any]) -> str:
    rows = [
        f"| [`portouts {name}`](#portouts-{name.replace(' ', '-')}) | {_summary(command)} |"
        for name, command in commands.items()
    ]
    return _lines("| command | does |", "|---|---|", *rows)


def _shared_options(group: Any) -> str:
    rows = _option_rows("", group)
    return _lines("## Options of every command", "", SHARED, "", "| option | meaning |", "|---|---|", *rows)


def _command(name: str, command: Any) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in command.help.split("\n\n")]
    table = ["| option | meaning |", "|---|---|", *_option_rows(name, command)]
    return _lines(f"## `portouts {name}`", "", *(line for paragraph in paragraphs for line in (paragraph, "")), *table)


def _option_rows(name: str, command: Any) -> Iterator[str]:
    """Yield a row for each option that the help shows; defaults and variables stand in brackets, as they do there."""
    context = command.make_context(name, [], resilient_parsing=True)
    for option in command.params:
        if name and option.name in SHARED_NAMES:
            continue
        if record := option.get_help_record(context):
            usage, meaning = (" ".join(text.split()).replace("|", "\\|") for text in record)
            yield f"| `{usage}` | {meaning} |"


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _summary(command: Any) -> str:
    return str(command.help).split("\n")[0]


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return _lines("## Exit codes", "", "| code | meaning |", "|---|---|", *rows)


def _lines(*lines: str) -> str:
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(reference())
