"""Marts as one Excel workbook: a sheet per mart, and the sheet `about` with as_of, zone and certificate.

Texts are cells of text, so 0042, 12E4 and +13125550100 stay what they are and no name is a formula. Rows go through a
file, one at a time, so memory does not grow with them. The surprise: Excel keeps 15 digits of a number and milliseconds
of an instant, so longer integers become texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from portouts.errors import ExportFailed
from portouts.warehouse.export.cells import fitted
from portouts.warehouse.export.marts import Column, Version, local_columns, select_of

ROWS_PER_SHEET = 1_048_576  # with the header
LONGEST_NAME = 31
_LONGEST_INTEGER = 10**15
_FIRST_DAY = date(1900, 3, 1)  # Excel counts a 29 February 1900
_WIDTH = 18
_FETCHED = 2_000
_AMBIGUOUS = "A local time occurs twice in the hour in which clocks go back; the warehouse and Parquet files have UTC."


Writer = Any
"""A sheet of XlsxWriter, which has no annotations."""


class Sheet(NamedTuple):
    """A sheet of a mart; a mart of more rows than a sheet takes has several."""

    mart: str
    name: str
    rows: int


class Workbook:
    """A workbook that is being written, with files in `scratch`, some of which XlsxWriter leaves if it fails."""

    def __init__(self, file: Path, scratch: str, version: Version, rows_per_sheet: int = ROWS_PER_SHEET) -> None:
        import xlsxwriter

        self._book = xlsxwriter.Workbook(str(file), {"constant_memory": True, "tmpdir": scratch})
        self._book.set_properties({"created": version.as_of})
        self._bold = self._book.add_format({"bold": True})
        self._formats = {
            kind: self._book.add_format({"num_format": text})
            for kind, text in {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", str: "@"}.items()
        }
        self._about = self._book.add_worksheet("about")
        self._version, self._most = version, rows_per_sheet - 1
        self.sheets: list[Sheet] = []
        self.cut_texts = 0

    def add_mart(self, connection: duckdb.DuckDBPyConnection, mart: str) -> int:
        """Write a mart with local times; return its rows."""
        zone = self._version.time_zone
        columns = local_columns(connection, mart, zone)
        rows = _rows(connection, select_of(mart, columns))
        total = self._add_sheet(mart, columns, islice(rows, self._most))
        for first in rows:  # what one sheet does not take
            total += self._add_sheet(mart, columns, chain([first], islice(rows, self._most - 1)))
        return total

    def close(self, meanings: Mapping[str, str]) -> None:
        """Write the sheet `about`, with the meaning of each mart, and finish the file."""
        for number, line in enumerate(_about(self._version, self.sheets, meanings, self.cut_texts)):
            self._write_row(self._about, number, line)
        self._about.set_column(0, 0, LONGEST_NAME)
        _close(self._book)

    def _add_sheet(self, mart: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> int:
        name = self._name(mart)
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, len(columns) - 1, _WIDTH)
        sheet.freeze_panes(1, 0)
        number = 0
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.header, self._bold)
        for number, row in enumerate(rows, start=1):
            self._write_row(sheet, number, row)
        sheet.autofilter(0, 0, number, len(columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{ROWS_PER_SHEET}"})
        self.sheets.append(Sheet(mart, name, number))
        return number

    def _name(self, mart: str) -> str:
        """Return a name that no other sheet has, whatever the case of its letters."""
        taken = {"about", *(sheet.name.lower() for sheet in self.sheets)}
        names = (mart[: LONGEST_NAME - len(end)] + end for end in _ends())
        return next(name for name in names if name.lower() not in taken)

    def _write_row(self, sheet: Writer, number: int, row: Sequence[Any]) -> None:
        for place, value in enumerate(row):
            if value is not None:
                self._write(sheet, number, place, value)

    def _write(self, sheet: Writer, row: int, column: int, value: Any) -> None:
        kind = type(value)
        if kind is bool:
            sheet.write_boolean(row, column, value)
        elif kind in (int, float) and _is_exact(value):
            sheet.write_number(row, column, value)
        elif kind in (date, datetime) and (value.date() if kind is datetime else value) >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, self._formats[kind])
        else:
            text = fitted(str(value))
            self.cut_texts += text != value and kind is str
            sheet.write_string(row, column, text, self._formats[str])


def _close(book: Any) -> None:
    from xlsxwriter.exceptions import FileCreateError, FileSizeError

    try:
        book.close()
    except FileCreateError as error:  # around the error of the system
        raise error.args[0] from None
    except FileSizeError:
        raise ExportFailed("A sheet is larger than 4 GB, which Excel cannot open: use CSV or Parquet.") from None


def _ends() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f" ({number})"
        number += 1


def _is_exact(value: float) -> bool:
    return abs(value) < _LONGEST_INTEGER if isinstance(value, int) else isfinite(value)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Sequence[Any]]:
    with connection.cursor() as cursor:
        result = cursor.execute(query)
        while rows := result.fetchmany(_FETCHED):
            yield from rows


def _about(
    version: Version, sheets: Sequence[Sheet], meanings: Mapping[str, str], cut_texts: int
) -> Iterator[Sequence[object]]:
    proof = (
        f"{version.verdict}, verified at {version.verified_at:%Y-%m-%d %H:%M} UTC" if version.verified_at else "none"
    )
    yield "as_of (UTC)", version.as_of.replace(tzinfo=None)
    yield "time zone of days and local times", version.time_zone
    yield "time zone data", version.time_zone_data
    yield "proven", version.is_proven
    yield "certificate", proof
    yield "local times", _AMBIGUOUS
    if cut_texts:
        yield "texts cut to what a cell takes", cut_texts
    yield ()
    yield "sheet", "rows", "meaning"
    yield from ((sheet.name, sheet.rows, meanings.get(sheet.mart)) for sheet in sheets)
