"""Whatever a query of an alert returns becomes a short line that a chat shows as it is, or is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given
from hypothesis import strategies as st
from portouts.monitor.alerts.finding import Alert, Finding, key_of
from portouts.monitor.alerts.message import MOST_CHARACTERS, message_of
from portouts.monitor.alerts.values import LINE_LENGTH, line_of
from portouts.names import columns

SENT_TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        *("@everyone", "<b>x</b>", "https://a.test", "+13125550101", "(312) 555-0101"),
        *("\u202eevil", "\x1b[2J\x00", "e\u0301" * 99),
    ]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**127), 2**127 - 1)
    | st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)
    | SENT_TEXTS
    | st.binary(max_size=8)
    | st.dates()
    | st.times()
    | st.timedeltas(timedelta(-9_999), timedelta(9_999))
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.uuids()
    | st.lists(SENT_TEXTS | st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=4), SENT_TEXTS, max_size=2)
)
ROWS = st.lists(st.tuples(st.text(max_size=12), VALUES), min_size=1, max_size=5)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
REFUSED = (OverflowError, ValueError)  # which the search reports


def written(row: list[tuple[str, Any]]) -> str:
    names, values = zip(*row, strict=True)
    try:
        return line_of(names, values)
    except REFUSED:
        return ""


@given(ROWS)
def test_a_row_becomes_one_short_line_without_commands_and_numbers(row: list[tuple[str, Any]]) -> None:
    line = written(row)
    assert columns(line) <= LINE_LENGTH
    assert "\n" not in line
    assert not {"@", "<", ">", "\x1b", "\x00", "\u202e"} & {*line}
    assert "https://a" not in line
    assert "3125550101" not in line
    assert "555-0101" not in line


@given(st.lists(st.tuples(st.text(max_size=30), st.lists(ROWS, max_size=6)), min_size=1, max_size=4))
def test_any_findings_fit_into_one_message(found: list[tuple[str, list[list[tuple[str, Any]]]]]) -> None:
    alerts = [
        Alert("alert", title, tuple(Finding(key_of(value for _, value in row), written(row)) for row in rows))
        for title, rows in found
    ]
    message = message_of(alerts, Path("portouts.duckdb"), NOW)
    assert len(message.body) <= MOST_CHARACTERS + 400


@given(st.lists(VALUES, max_size=4))
def test_the_key_of_a_finding_depends_on_its_values_alone(values: list[Any]) -> None:
    assert key_of(values) == key_of(list(values))
    assert key_of(values) != key_of([*values, None])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9) | SENT_TEXTS)
def test_what_duckdb_returns_is_written_as_what_python_made(value: Decimal | str) -> None:
    with duckdb.connect() as connection:
        try:
            [(returned,)] = connection.execute("select ?", [value]).fetchall()
        except (duckdb.Error, UnicodeError):
            return  # half a surrogate pair reaches no database
    assert written([("value", returned)]) == written([("value", value)])
