"""Holidays, which business hours skip: a CSV file with one day per line and the header `holiday_on,country_code,name`.

A day without a country is a holiday everywhere. A list without that column (`holiday_on,name`) contains only such days.
Lines that begin with # are comments. tools/public_holidays.py writes the shipped list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from portouts.transform.lists.csv_file import read_lines

HEADER = ["holiday_on", "country_code", "name"]
HEADER_WITHOUT_COUNTRY = ["holiday_on", "name"]
_COUNTRY = re.compile("[A-Z]{2}")


@dataclass(frozen=True)
class Holiday:
    """One holiday, in one country (ISO 3166 alpha-2) or everywhere."""

    holiday_on: date
    name: str
    country_code: str | None = None


def read_holidays(path: Path) -> tuple[Holiday, ...]:
    """Read a list of holidays; it may have only the header. Raises `ValueError`, naming the file and the line."""
    header, lines = read_lines(path, "holidays", HEADER, HEADER_WITHOUT_COUNTRY)
    return tuple(_holiday(path, *line, has_country=header == HEADER) for line in lines)


def _holiday(path: Path, number: int, line: list[str], *, has_country: bool) -> Holiday:
    try:
        day, country, name = line if has_country else (line[0], "", *line[1:])
        return Holiday(date.fromisoformat(day.strip()), name.strip(), _country(country.strip()))
    except ValueError:
        kind = "a date, a country and a name (2026-07-03,US," if has_country else "a date and a name (2026-07-03,"
        raise ValueError(
            f"line {number} of the list of holidays {path} is not {kind}Independence Day): {','.join(line)}"
        ) from None


def _country(code: str) -> str | None:
    if code and not _COUNTRY.fullmatch(code):
        raise ValueError(code)
    return code or None
