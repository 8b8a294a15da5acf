"""Office hours from request to answer, on the clock where the number is, around nights, weekends, holidays and DST."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from mart_comparison import read, read_holidays
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.holidays import read_holidays as read_days_off
from portouts.warehouse.sql import sql_folder
from reference_implementation.business_time import business_hours, federal_holidays, holidays_by_country
from reference_implementation.numbers import clock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow  # builds all models for each case

Row = dict[str, Any]

CHICAGO, NEW_YORK, HONOLULU, TOLL_FREE = "+13125550101", "+12125550101", "+18085550101", "+18005550101"
MONTHS = "agg_response_latency_monthly"
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


def spells(connection: duckdb.DuckDBPyConnection, world: World, **settings: Any) -> list[Row]:
    """Build the models; the places of the numbers are the product's own, as after an upgrade."""
    create_raw(connection, world)
    connection.execute("alter table raw.portout_phone_numbers drop column number_type")
    build_models(connection, ModelInputs(world.as_of, **settings))
    return sorted(read(connection, "fct_responses"), key=lambda row: str(row["portout_id"]))


def by_case(cases: Iterable[str], found: list[Row]) -> dict[str, Row]:
    """Name the spells of orders that were added in the order of the cases."""
    return dict(zip(cases, found, strict=True))


def business_hours_of(found: dict[str, Row]) -> dict[str, float]:
    return {name: spell["response_business_hours"] for name, spell in found.items()}


def ask_and_answer(
    world: World, asked: str, answered: str, numbers: Sequence[str], zone: str = "America/Chicago"
) -> None:
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
def test_the_reference_agrees(asked: str, answered: str, hours: float) -> None:
    zone = ZoneInfo("America/Chicago")
    start, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (asked, answered))
    assert business_hours(start, end, "America/Chicago", federal_holidays()) == pytest.approx(hours, abs=1e-9)


SKIPPED_DAY = [("2011-12-29 13:00", "2011-12-31 00:30", 11.5), ("2011-12-29 10:00", "2012-01-03 10:00", 27)]


@pytest.mark.parametrize(("asked", "answered", "hours"), SKIPPED_DAY, ids=["more than have passed", "fewer"])
def test_business_hours_of_a_day_that_never_was_count_as_far_as_hours_have_passed(
    connection: duckdb.DuckDBPyConnection, asked: str, answered: str, hours: float
) -> None:
    world = World(as_of=AS_OF)
    ask_and_answer(world, asked, answered, [], "Pacific/Apia")
    [spell] = spells(connection, world, business_time_zone="Pacific/Apia")
    by_hand = business_hours(spell["pending_at"], spell["responded_at"], "Pacific/Apia", set())  # no list for Samoa
    assert [spell["response_business_hours"], by_hand] == pytest.approx([hours, hours], abs=1e-9)


# numbers, whose clock, what it rests on, office hours of 2 June 2026 from 11:00 to 14:00 UTC
ZONES = {
    "one": ([CHICAGO], "America/Chicago", "area_code", 1),
    "another": ([NEW_YORK], "America/New_York", "area_code", 2),
    "first known": ([TOLL_FREE, "not a number", HONOLULU, CHICAGO], "Pacific/Honolulu", "area_code", 0),
    "an exchange of its own": (["+12082370101", CHICAGO], "America/Denver", "exchange", 0),
    "a mobile": ([TOLL_FREE, "+447400123456"], "Europe/London", "country", 3),
    "a mobile of a country of several clocks": (["+34612555010"], "Europe/Berlin", "setting", 3),
    "unknown": ([TOLL_FREE], "Europe/Berlin", "setting", 3),
    "none": ([], "Europe/Berlin", "setting", 3),
}


def test_an_order_works_by_the_clock_of_its_first_number_that_has_one(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    for numbers, *_ in ZONES.values():
        ask_and_answer(world, "2026-06-02 11:00", "2026-06-02 14:00", numbers, "UTC")
    found = by_case(ZONES, spells(connection, world, business_time_zone="Europe/Berlin"))
    clocks = {name: (spell["time_zone"], spell["time_zone_source"]) for name, spell in found.items()}
    assert clocks == {name: (zone, source) for name, (_, zone, source, _) in ZONES.items()}
    assert business_hours_of(found) == pytest.approx({name: hours for name, (*_, hours) in ZONES.items()}, abs=1e-9)


# number, its clock: asked there at 12:30 and answered at 14:00, and asked at 13:30
CLOCKS = {
    "South Dakota": ("+16055550101", "America/Chicago"),
    "North Dakota": ("+17015550101", "America/Chicago"),
    "Alaska": ("+19075550101", "America/Anchorage"),
    "Newfoundland": ("+17095550101", "America/St_Johns"),
    "the overlay of Newfoundland": ("+18795550101", "America/St_Johns"),
    "Nevada": ("+17755550101", "America/Los_Angeles"),
    "the overlay of Idaho": ("+19865550101", "America/Boise"),
    "the east of Tennessee": ("+14235550101", "America/New_York"),
    "its overlay, which libphonenumber lacks": ("+17295550101", "America/New_York"),
    "the west of Florida": ("+18505550101", "America/Chicago"),
    "its overlay": ("+14485550101", "America/Chicago"),
    "Tallahassee": ("+18502225101", "America/New_York"),
    "Orlando": ("+16895550101", "America/New_York"),
    "the overlay of Cleveland's suburbs": ("+14365550101", "America/New_York"),
    "a mobile of Jamaica": ("+18765550101", "America/Jamaica"),
    "a mobile of the Bahamas": ("+12425550101", "America/Nassau"),
    "a mobile of Great Britain": ("+447400123456", "Europe/London"),
    "a mobile of Germany": ("+4915155501010", "Europe/Berlin"),
    "a mobile of Morocco": ("+212612555010", "Africa/Casablanca"),
    "El Paso": ("+19155550101", "America/Denver"),
}


def test_office_hours_are_those_of_the_clock_where_the_number_is(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    for number, zone in CLOCKS.values():
        ask_and_answer(world, "2026-06-02 12:30", "2026-06-02 14:00", [number], zone)
        ask_and_answer(world, "2026-06-02 13:30", "2026-06-02 15:00", [number], zone)
    found = spells(connection, world)
    before, after = (by_case(CLOCKS, found[first::2]) for first in (0, 1))
    zones = {name: zone for name, (_, zone) in CLOCKS.items()}
    for spell_of in (before, after):
        assert {name: spell["time_zone"] for name, spell in spell_of.items()} == zones
    assert business_hours_of(before) == pytest.approx(dict.fromkeys(CLOCKS, 1.5), abs=1e-9)
    assert business_hours_of(after) == pytest.approx(dict.fromkeys(CLOCKS, 0), abs=1e-9)


KAZAKHSTAN = {
    "its zones agree since 1 March 2024": ("2026-06-02 04:00", "Asia/Almaty", "country", 2),
    "they did not in 2023": ("2023-06-06 04:00", "America/New_York", "setting", 0),
}


@pytest.mark.parametrize(("asked", "zone", "source", "hours"), KAZAKHSTAN.values(), ids=KAZAKHSTAN)
def test_zones_of_a_country_count_as_one_clock_while_they_agree(
    connection: duckdb.DuckDBPyConnection, asked: str, zone: str, source: str, hours: float
) -> None:
    world = World(as_of=AS_OF)
    answered = datetime.fromisoformat(asked) + timedelta(hours=2)
    ask_and_answer(world, asked, answered.isoformat(), ["+77015550101"], "UTC")
    [spell] = spells(connection, world)
    assert (spell["time_zone"], spell["time_zone_source"]) == (zone, source)
    assert spell["response_business_hours"] == pytest.approx(hours, abs=1e-9)


LONDON, DUBLIN, BERLIN, TORONTO = "+442079460123", "+35312345678", "+493023125010", "+14165550101"
# number, day, whether offices there are open; asked at 10:00, answered at 12:00
OPEN_DAYS = {
    "London on a holiday of the United States": (LONDON, "2026-07-03", True),
    "London on the Early May bank holiday": (LONDON, "2026-05-04", False),
    "London on the Summer bank holiday": (LONDON, "2026-08-31", False),
    "London on Boxing Day in lieu": (LONDON, "2026-12-28", False),
    "a British mobile on the Early May bank holiday": ("+447400123456", "2026-05-04", False),
    "Dublin on Saint Patrick's Day": (DUBLIN, "2026-03-17", False),
    "Dublin on Good Friday": (DUBLIN, "2026-04-03", True),
    "Dublin on the August holiday": (DUBLIN, "2026-08-03", False),
    "Berlin on Ascension Day": (BERLIN, "2026-05-14", False),
    "Berlin on Thanksgiving": (BERLIN, "2026-11-26", True),
    "Toronto on Canada Day": (TORONTO, "2026-07-01", False),
    "Toronto on Victoria Day": (TORONTO, "2026-05-18", False),
    "Toronto on Memorial Day": (TORONTO, "2026-05-25", True),
    "Chicago on Canada Day": (CHICAGO, "2026-07-01", True),
    "San Juan on Memorial Day": ("+17875550101", "2026-05-25", False),
    "Kingston on Memorial Day": ("+18765550101", "2026-05-25", True),
    "a toll-free number on Memorial Day": (TOLL_FREE, "2026-05-25", False),
    "a toll-free number beside one of London": ([TOLL_FREE, LONDON], "2026-05-04", False),
    "no number, on Memorial Day": ([], "2026-05-25", False),
}


def test_the_holidays_are_those_of_the_country_of_the_number(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    for number, day, _ in OPEN_DAYS.values():
        numbers = [number] if isinstance(number, str) else number
        zone = clock_of(numbers[-1])[0] if numbers else None
        ask_and_answer(world, f"{day} 10:00", f"{day} 12:00", numbers, zone or "America/New_York")
    found = by_case(OPEN_DAYS, spells(connection, world))
    hours = {name: 2 if is_open else 0 for name, (*_, is_open) in OPEN_DAYS.items()}
    assert business_hours_of(found) == pytest.approx(hours, abs=1e-9)


def test_orders_without_a_country_keep_the_holidays_of_the_business_time_zone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World(as_of=AS_OF)
    ask_and_answer(world, "2026-05-14 10:00", "2026-05-14 12:00", [], "Europe/Berlin")  # Ascension Day
    ask_and_answer(world, "2026-11-26 10:00", "2026-11-26 12:00", [], "Europe/Berlin")  # Thanksgiving
    found = spells(connection, world, business_time_zone="Europe/Berlin")
    assert [row["response_business_hours"] for row in found] == pytest.approx([0, 2], abs=1e-9)


# pending and answered by the wall clock in Chicago, whether within one business day
ONE_BUSINESS_DAY = {
    "asked at noon, answered at noon of the next day": ("2026-06-02 12:00", "2026-06-03 12:00", False),
    "asked in the morning, answered in the evening": ("2026-06-02 09:00", "2026-06-02 17:00:01", False),
    "asked in the morning, answered at the close": ("2026-06-02 09:00", "2026-06-02 17:00", True),
    "asked at night, answered at the close": ("2026-06-02 03:00", "2026-06-02 17:00", True),
    "asked at 13:00 exactly": ("2026-06-02 13:00", "2026-06-03 08:00", False),
    "asked after 13:00, answered at the close of the next day": ("2026-06-02 13:00:01", "2026-06-03 17:00", True),
    "asked after 13:00, answered later": ("2026-06-02 13:00:01", "2026-06-03 17:00:01", False),
    "asked on Friday before 13:00": ("2026-06-05 12:00", "2026-06-08 09:00", False),
    "asked on Friday before 13:00, answered on Saturday": ("2026-06-05 12:00", "2026-06-06 09:00", False),
    "asked on Friday after 13:00, answered on Sunday": ("2026-06-05 13:30", "2026-06-07 20:00", True),
    "asked on Friday after 13:00, answered on Monday": ("2026-06-05 13:30", "2026-06-08 17:00", True),
    "asked on Saturday, answered on Tuesday": ("2026-06-06 10:00", "2026-06-09 08:00", False),
    "asked before a holiday": ("2026-05-22 14:00", "2026-05-26 16:00", True),
    "asked on a holiday, answered the day after the next": ("2026-05-25 09:00", "2026-05-27 08:00", False),
    "answered before it was asked": ("2026-06-02 12:00", "2026-06-02 09:00", True),
}


def test_within_one_business_day_is_by_the_close_of_the_day_for_which_the_request_counts(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World(as_of=AS_OF)
    for asked, answered, _ in ONE_BUSINESS_DAY.values():
        ask_and_answer(world, asked, answered, [CHICAGO])
    found = by_case(ONE_BUSINESS_DAY, spells(connection, world))
    is_within = {name: spell["is_within_one_business_day"] for name, spell in found.items()}
    assert is_within == {name: within for name, (*_, within) in ONE_BUSINESS_DAY.items()}
    months = {str(row["month"]): row["within_one_business_day"] for row in read(connection, MONTHS)}
    expected = Counter[str]()
    for asked, _, within in ONE_BUSINESS_DAY.values():
        expected[f"{asked[:7]}-01"] += within
    assert months == expected


def test_an_open_spell_has_no_business_hours(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    world.add_order(1, AS_OF)
    [spell] = spells(connection, world)
    assert spell["time_zone"] == "America/Chicago"
    assert (spell["response_business_hours"], spell["is_within_one_business_day"]) == (None, None)


def test_a_full_day_of_business_is_nine_hours_whatever_the_minute(connection: duckdb.DuckDBPyConnection) -> None:
    world = World(as_of=AS_OF)
    times = [f"{8 + minutes // 60:02d}:{minutes % 60:02d}:13.000007" for minutes in range(300)]
    for time in times:
        ask_and_answer(world, f"2026-06-02 {time}", f"2026-06-03 {time}", [CHICAGO])
    spells(connection, world)
    [month] = read(connection, MONTHS)
    assert month["p90_business_hours"] == pytest.approx(9, abs=1e-9)


def test_ones_own_holidays_replace_the_shipped_ones(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "holidays.csv"
    path.write_text("holiday_on,name\n2026-06-03,Founders' Day\n", encoding="utf-8")
    world = World(as_of=AS_OF)
    ask_and_answer(world, "2026-06-02 12:00", "2026-06-04 09:00", [CHICAGO])
    ask_and_answer(world, "2026-05-25 09:00", "2026-05-25 12:00", [CHICAGO])  # Memorial Day no longer
    assert [
        row["response_business_hours"] for row in spells(connection, world, days_off=read_days_off(path))
    ] == pytest.approx([6, 3])
    staged = connection.execute("from staging.holidays").fetchall()
    assert staged == [(date(2026, 6, 3), None, "Founders' Day")]


def test_ones_own_holidays_count_in_their_country_or_everywhere(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "holidays.csv"
    path.write_text(
        "# ours\nholiday_on,country_code,name\n2026-06-03,,Founders' Day\n2026-06-04,GB,Fair\n", encoding="utf-8"
    )
    world = World(as_of=AS_OF)
    for day in ("2026-06-02", "2026-06-03", "2026-06-04"):
        ask_and_answer(world, f"{day} 10:00", f"{day} 12:00", [CHICAGO])
        ask_and_answer(world, f"{day} 10:00", f"{day} 12:00", [LONDON], "Europe/London")
    found = [row["response_business_hours"] for row in spells(connection, world, days_off=read_days_off(path))]
    assert found == pytest.approx([2, 2, 0, 0, 2, 0], abs=1e-9)


@pytest.mark.parametrize("country", ["US", "PR", "CA", "GB", "IE", "DE"])
def test_the_shipped_holidays_are_those_that_the_rules_give(country: str) -> None:
    shipped = read_holidays(sql_folder() / "seeds" / "holidays.csv")[country]
    assert sorted(shipped ^ holidays_by_country()[country]) == []


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
    assert (day in read_holidays(sql_folder() / "seeds" / "holidays.csv")["US"]) == is_holiday
