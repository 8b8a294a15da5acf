"""Reads a user's list from a CSV file; `ValueError` names the file and what is wrong with it as a whole."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Line(NamedTuple):
    """One line of a list: its number in the file, from 1, and its cells."""

    number: int
    cells: list[str]


def read_lines(path: Path, name: str, *headers: Sequence[str]) -> tuple[list[str], list[Line]]:
    """Return the header of a list, one of `headers`, and its lines, without blank ones and comments (#)."""
    try:
        text = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"the list of {name} {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the list of {name} {path} is not UTF-8 text") from None
    try:
        rows = [Line(number, cells) for number, cells in enumerate(csv.reader(text), start=1) if cells]
    except csv.Error as error:
        raise ValueError(f"the list of {name} {path} is no CSV: {error}") from None
    lines = [line for line in rows if line.cells[0][:1] != "#"]
    if not lines or lines[0].cells not in [list(header) for header in headers]:
        raise ValueError(f"the list of {name} {path} does not begin with the line {','.join(headers[0])}")
    return lines[0].cells, lines[1:]
