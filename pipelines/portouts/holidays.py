"""Days off, which business hours skip: a CSV file, one day a line, under the header `holiday_on,name`.

The shipped list holds the federal holidays of the United States on the days on which they are observed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HEADER = ["holiday_on", "name"]


@dataclass(frozen=True)
class Holiday:
    """One day off."""

    holiday_on: date
    name: str


def read_holidays(path: Path) -> tuple[Holiday, ...]:
    """Read a list of holidays; only the header means none. Raises `ValueError`, naming the file and the line."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise ValueError(f"the list of holidays {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the list of holidays {path} is not UTF-8 text") from None
    if not lines or lines[0] != HEADER:
        raise ValueError(f"the list of holidays {path} does not begin with the line {','.join(HEADER)}")
    return tuple(_holiday(path, number, line) for number, line in enumerate(lines[1:], start=2) if line)


def _holiday(path: Path, number: int, line: list[str]) -> Holiday:
    try:
        day, name = line
        return Holiday(date.fromisoformat(day.strip()), name.strip())
    except ValueError:
        raise ValueError(
            f"line {number} of the list of holidays {path} is not a date and a name (2026-07-03,Independence Day): "
            f"{','.join(line)}"
        ) from None
