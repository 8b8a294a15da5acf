"""`docs/commands.md` shows what the command line's own help shows."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from portouts.commands.reference import COMMAND, SHARED_NAMES, all_commands, reference
from portouts.commands.terminal.exit_status import EXIT_CODES
from portouts.errors import PortoutsError

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
COMMANDS: dict[str, click.Command] = dict(all_commands())


def test_the_page_is_what_the_command_line_says_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), f"write it again: {COMMAND}"


def section_of(heading: str) -> str:
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", reference(), re.DOTALL | re.MULTILINE)
    return str(section)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_of_a_command_stands_in_its_section_once(name: str) -> None:
    own, shared = section_of(f"`portouts {name}`"), section_of("Options of every command")
    for option in COMMANDS[name].params:
        section = shared if option.name in SHARED_NAMES else own
        is_hidden = getattr(option, "hidden", False)
        rows = re.findall(rf"^\| `(?:-\w, )?{option.opts[0]}[ `.]", section, re.MULTILINE)
        assert len(rows) == (0 if is_hidden else 1), option.opts


def test_defaults_and_variables_are_shown() -> None:
    page = " ".join(reference().split())
    assert "[env var: PORTOUTS_DATABASE; default: data/portouts.duckdb]" in page
    assert "[default: 3000; x>=1]" in page
    assert "--quick" not in page


def test_the_page_of_operation_explains_the_same_exit_codes() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (.*) \|$", PAGE.with_name("operating.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES


def errors_of(base: type[PortoutsError]) -> set[type[PortoutsError]]:
    return {base, *(one for found in base.__subclasses__() for one in errors_of(found))}


def test_every_exit_code_of_an_error_has_a_meaning() -> None:
    assert {error.exit_code for error in errors_of(PortoutsError)} <= EXIT_CODES.keys()
