"""The clock of 47 CFR 52.35: hours of business from request to answer, around nights, weekends, holidays and DST."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from by_hand.business_time import business_hours, federal_holidays
from port_out_stories import World, create_raw
from portouts.holidays import read_holidays as read_days_off
from portouts.models import ModelInputs, build_models, sql_folder
from test_models_marts import read, read_holidays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]

CHICAGO, NEW_YORK, HONOLULU, TOLL_FREE = "+13125550101", "+12125550101", "+18085550101", "+18005550101"
AS_OF = datetime.fromisoformat("2026-12-31T12:00:00+00:00")

# pending and answered by the wall clock in Chicago, hours of business between
CASES = {
    "within one morning": ("2026-06-02 09:00", "2026-06-02 11:30", 2.5),
    "asked before opening": ("2026-06-02 03:00", "2026-06-02 10:00", 2),
    "answered before opening": ("2026-06-02 03:00", "2026-06-02 07:59", 0),
    "asked at 13:00 exactly": ("2026-06-02 13:00", "2026-06-02 17:00", 4),
    "asked just after 13:00": ("2026-06-02 13:00:00.000001", "2026-06-02 17:00", 0),
    "asked after 13:00, answered next day": ("2026-06-02 13:01", "2026-06-03 09:00", 1),
    "asked in the evening": ("2026-06-02 20:00", "2026-06-03 10:30", 2.5),
    "answered at night": ("2026-06-02 12:00", "2026-06-03 02:00", 5),
    "to the same hour of the next day": ("2026-06-02 09:10", "2026-06-03 09:10", 9),
    "a week": ("2026-06-02 09:10", "2026-06-09 09:10", 45),
    "asked on Friday before 13:00": ("2026-06-05 12:00", "2026-06-08 09:00", 6),
    "asked on Friday after 13:00": ("2026-06-05 13:30", "2026-06-08 09:00", 1),
    "asked on Saturday": ("2026-06-06 10:00", "2026-06-08 10:00", 2),
    "asked and answered on Sunday": ("2026-06-07 10:00", "2026-06-07 22:00", 0),
    "answered on Sunday": ("2026-06-05 12:00", "2026-06-07 12:00", 5),
    "asked on a holiday": ("2026-05-25 09:00", "2026-05-26 09:00", 1),
    "across a holiday": ("2026-05-22 12:00", "2026-05-26 09:00", 6),
    "across Independence Day, a Saturday kept on Friday": ("2026-07-02 12:00", "2026-07-06 09:00", 6),
    "asked in the night that lost an hour": ("2026-03-08 01:30", "2026-03-09 09:00", 1),
    "across the night that lost an hour": ("2026-03-06 12:00", "2026-03-09 08:30", 5.5),
    "across the night that had an hour twice": ("2026-10-30 12:00", "2026-11-02 08:30", 5.5),
    "answered before it was asked": ("2026-06-02 12:00", "2026-06-02 09:00", 0),
    "days before it was asked": ("2026-06-05 12:00", "2026-06-02 09:00", 0),
    "to the microsecond": ("2026-06-02 09:00", "2026-06-02 09:00:00.000036", 0.00000001),
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def spells(connection: duckdb.DuckDBPyConnection, world: World, **settings: Any) -> list[Row]:
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, **settings))
    return sorted(read(connection, "fct_responses"), key=lambda row: str(row["portout_id"]))


def ask_and_answer(world: World, asked: str, answered: str, numbers: list[str], zone: str = "America/Chicago") -> None:
    """Add an order by the wall clock of a zone."""
    at, until = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) for text in (asked, answered))
    id_ = world.add_order(len(world.orders), at, "authorized", phone_numbers=numbers)
    world.add_event(id_, "authorized", until)


def test_hours_of_business_are_counted_from_8_to_17_on_business_days(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    for asked, answered, _ in CASES.values():
        ask_and_answer(world, asked, answered, [CHICAGO])
    found = spells(connection, world)
    assert {row["time_zone"] for row in found} == {"America/Chicago"}
    hours = [row["response_business_hours"] for row in found]
    assert dict(zip(CASES, hours, strict=True)) == pytest.approx(
        {name: case[2] for name, case in CASES.items()}, abs=1e-9
    )


@pytest.mark.parametrize(("asked", "answered", "hours"), CASES.values(), ids=list(CASES))
def test_the_count_by_hand_agrees(asked: str, answered: str, hours: float) -> None:
    zone = ZoneInfo("America/Chicago")
    start, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (asked, answered))
    assert business_hours(start, end, "America/Chicago", federal_holidays()) == pytest.approx(hours, abs=1e-9)


SKIPPED_DAY = [("2011-12-29 13:00", "2011-12-31 00:30", 11.5), ("2011-12-29 10:00", "2012-01-03 10:00", 18)]


@pytest.mark.parametrize(("asked", "answered", "hours"), SKIPPED_DAY, ids=["more than have passed", "fewer"])
def test_business_hours_of_a_day_that_never_was_count_as_far_as_hours_have_passed(
    connection: duckdb.DuckDBPyConnection, asked: str, answered: str, hours: float
) -> None:
    world = World(as_of=AS_OF)
    ask_and_answer(world, asked, answered, [], "Pacific/Apia")
    [spell] = spells(connection, world, business_time_zone="Pacific/Apia")
    by_hand = business_hours(spell["pending_at"], spell["responded_at"], "Pacific/Apia", federal_holidays())
    assert [spell["response_business_hours"], by_hand] == pytest.approx([hours, hours], abs=1e-9)


ZONES = [
    ([CHICAGO], "America/Chicago", 1),
    ([NEW_YORK], "America/New_York", 2),
    ([TOLL_FREE, "not a number", HONOLULU, CHICAGO], "Pacific/Honolulu", 0),
    ([TOLL_FREE], "Europe/Berlin", 3),
    ([], "Europe/Berlin", 3),
]


@pytest.mark.parametrize(("numbers", "zone", "hours"), ZONES, ids=["one", "another", "first known", "unknown", "none"])
def test_an_order_works_by_the_clock_of_its_first_number_that_tells_one(
    connection: duckdb.DuckDBPyConnection, numbers: list[str], zone: str, hours: float
) -> None:
    world = World(as_of=AS_OF)
    ask_and_answer(world, "2026-06-02 11:00", "2026-06-02 14:00", numbers, "UTC")
    [spell] = spells(connection, world, business_time_zone="Europe/Berlin")
    assert spell["time_zone"] == zone
    assert spell["response_business_hours"] == pytest.approx(hours, abs=1e-9)


def test_an_open_spell_has_no_business_hours(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    world.add_order(1, AS_OF)
    [spell] = spells(connection, world)
    assert (spell["time_zone"], spell["response_business_hours"]) == ("America/Chicago", None)


def test_a_full_day_of_business_is_nine_hours_whatever_the_minute(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    times = [f"{8 + minutes // 60:02d}:{minutes % 60:02d}:13.000007" for minutes in range(300)]
    for time in times:
        ask_and_answer(world, f"2026-06-02 {time}", f"2026-06-03 {time}", [CHICAGO])
    spells(connection, world)
    [month] = read(connection, "agg_response_latency_monthly")
    assert (month["within_one_business_day"], month["p90_business_hours"]) == (300, pytest.approx(9, abs=1e-9))


def test_ones_own_holidays_replace_the_shipped_ones(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "holidays.csv"
    path.write_text("holiday_on,name\n2026-06-03,Founders' Day\n", encoding="utf-8")
    world = World(as_of=AS_OF)
    ask_and_answer(world, "2026-06-02 12:00", "2026-06-04 09:00", [CHICAGO])
    ask_and_answer(world, "2026-05-25 09:00", "2026-05-25 12:00", [CHICAGO])  # Memorial Day no longer
    assert [
        row["response_business_hours"] for row in spells(connection, world, days_off=read_days_off(path))
    ] == pytest.approx([6, 3])
    staged = connection.execute("select holiday_on, name from staging.holidays").fetchall()
    assert staged == [(date(2026, 6, 3), "Founders' Day")]


def test_the_shipped_holidays_are_those_that_the_rules_give() -> None:
    assert read_holidays(sql_folder() / "seeds" / "holidays.csv") == set(federal_holidays())


OBSERVED = [
    (date(2009, 1, 1), True),
    (date(2010, 12, 31), True),  # New Year's Day of 2011, a Saturday
    (date(2020, 6, 19), False),
    (date(2021, 6, 18), True),  # the first Juneteenth, a Saturday
    (date(2023, 1, 2), True),  # New Year's Day, a Sunday
    (date(2023, 11, 10), True),  # Veterans Day, a Saturday
    (date(2023, 11, 11), False),
    (date(2023, 11, 23), True),
    (date(2024, 5, 27), True),
    (date(2025, 1, 20), True),  # Martin Luther King's birthday, on which a president was inaugurated
    (date(2040, 12, 25), True),
]


@pytest.mark.parametrize(("day", "is_holiday"), OBSERVED, ids=[day.isoformat() for day, _ in OBSERVED])
def test_offices_close_on_the_days_on_which_holidays_are_observed(day: date, is_holiday: bool) -> None:
    assert (day in federal_holidays()) == is_holiday
    assert (day in read_holidays(sql_folder() / "seeds" / "holidays.csv")) == is_holiday
