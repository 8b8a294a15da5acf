"""A list of holidays is read completely, or refused with its file and line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from portouts.transform.lists.holidays import Holiday, read_holidays

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "holidays.csv"


def test_names_may_contain_commas_and_a_spreadsheet_may_have_written_a_byte_order_mark(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbfholiday_on,name\r\n2026-01-19,"King, Jr."\r\n\r\n2026-07-03,Independence Day\r\n')
    assert read_holidays(path) == (
        Holiday(date(2026, 1, 19), "King, Jr."),
        Holiday(date(2026, 7, 3), "Independence Day"),
    )


def test_a_list_may_be_empty(path: Path) -> None:
    path.write_text("holiday_on,name\n", encoding="utf-8")
    assert read_holidays(path) == ()


def test_a_list_may_name_countries_or_none_and_have_comments(path: Path) -> None:
    path.write_text(
        "# Written by hand\nholiday_on,country_code,name\n2026-05-04,GB,Early May\n#,,\n2026-06-01, ,Founders' Day\n",
        encoding="utf-8",
    )
    assert read_holidays(path) == (
        Holiday(date(2026, 5, 4), "Early May", "GB"),
        Holiday(date(2026, 6, 1), "Founders' Day", None),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "does not begin with the line holiday_on,country_code,name"),
        (b"day,name\n2026-07-03,Independence Day\n", "does not begin with the line holiday_on,country_code,name"),
        (b"holiday_on,name\n2026-07-03,One\n3 July,Two\n", "line 3 .* 3 July,Two"),
        (b"holiday_on,name\n2026-02-30,Never\n", "line 2 "),
        (b"holiday_on,name\n2026-07-03\n", "line 2 "),
        (b"holiday_on,country_code,name\n2026-07-03,One\n", "line 2 .* a date, a country and a name"),
        (b"# ours\nholiday_on,country_code,name\n2026-07-03,usa,One\n", "line 3 .* 2026-07-03,usa,One"),
        (b"holiday_on,name\n2026-07-03,F\xeate\n", "is not UTF-8"),
    ],
    ids=[
        "no file",
        "nothing",
        "other header",
        "no date",
        "no such day",
        "no name",
        "no country",
        "no code of a country",
        "another encoding",
    ],
)
def test_a_list_that_cannot_be_used_is_refused(path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as refused:
        read_holidays(path)
    assert str(path) in str(refused.value)
