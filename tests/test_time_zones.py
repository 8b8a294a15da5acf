"""Time zones have one source of rules, the package tzdata: for queried ranges and the days of the marts."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_histories import World, create_raw
from portouts.extract.port_dates import by_calendar
from portouts.records.time_zones import known_zones, offset_at, rules_version, time_zone, utc_offsets, zones_of_country
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.sql import sql_folder
from portouts.windows import BEGINNING, Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LAST = datetime(2030, 1, 1, tzinfo=UTC)
# Zones whose rules changed recently, or whose clocks change in unusual ways.
ODD_ZONES = [
    "America/Vancouver",
    "America/Havana",
    "America/Asuncion",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Juba",
    "America/Mexico_City",
    "America/Nuuk",
    "Antarctica/Troll",
    "Asia/Almaty",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Manila",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "UTC",
]


@pytest.fixture
def old_system_data(tmp_path: Path) -> Iterator[None]:
    """Give the system data in which each of these zones has the largest possible UTC offset."""
    folder = tmp_path / "zoneinfo"
    far_away = files("tzdata").joinpath("zoneinfo", "Pacific", "Kiritimati").read_bytes()
    for name in ("America/Vancouver", "America/Havana", "Asia/Almaty", "America/New_York"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(far_away)
    before = zoneinfo.TZPATH
    _forget(to=[folder])
    yield
    _forget(to=before)


def _forget(to: Any) -> None:
    zoneinfo.reset_tzpath(to=to)
    zoneinfo.ZoneInfo.clear_cache()
    time_zone.cache_clear()


PORTED = [
    pytest.param(
        "America/Vancouver",  # 2026b: British Columbia keeps summer time for good
        ["2026-11-10T19:00", "2026-11-11T19:00", "2026-11-12T19:00", "2026-11-13T07:30"],
        [date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 12), date(2026, 11, 13)],
        id="Vancouver keeps summer time",
    ),
    pytest.param(
        "America/Havana",  # 2026f
        ["2026-11-10T19:00", "2026-11-11T04:30", "2026-11-12T03:30"],
        [date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 11)],
        id="Havana keeps summer time in the winter of 2026",
    ),
    pytest.param(
        "Asia/Almaty",  # 2024a: five hours ahead from 1 March 2024 on
        ["2024-02-28T18:30", "2024-03-05T18:30", "2024-03-06T19:30"],
        [date(2024, 2, 29), date(2024, 3, 5), date(2024, 3, 7)],
        id="Almaty has gone back an hour",
    ),
]


@pytest.mark.usefixtures("old_system_data")
@pytest.mark.parametrize(("zone", "ported_at", "days"), PORTED)
def test_days_of_port_outs_that_are_dated_by_ranges_use_the_package_and_not_the_system(
    zone: str, ported_at: list[str], days: list[date]
) -> None:
    instants = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in ported_at]
    world = World(as_of=instants[-1] + 10 * DAY)
    span = Window(instants[0] - 5 * DAY, instants[-1] + 5 * DAY)
    for number, instant in enumerate(instants):
        order = world.add_order(number, instants[0] - 3 * DAY, "ported", updated_at=instant.isoformat())
        [window] = [part for part in by_calendar([span], time_zone(zone), 99) if part.start <= instant < part.end]
        world.find_in_range(order, window.start, window.end)
    with duckdb.connect() as connection:
        create_raw(connection, world)
        build_models(connection, ModelInputs(world.as_of, time_zone=zone))
        found = connection.execute("select ported_on from intermediate.int_orders order by portout_id").fetchall()
    assert found == [(day,) for day in days]


@pytest.mark.usefixtures("old_system_data")
def test_the_data_of_the_system_is_never_read() -> None:
    assert offset_at(time_zone("America/New_York"), datetime(2026, 7, 1, tzinfo=UTC)) == -4 * HOUR
    assert offset_at(zoneinfo.ZoneInfo("America/New_York"), datetime(2026, 7, 1, tzinfo=UTC)) == 14 * HOUR


def test_the_release_of_the_rules_is_that_of_the_package() -> None:
    import tzdata  # type: ignore[import-untyped]  # ships no annotations

    assert rules_version() == tzdata.IANA_VERSION


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "America", "localtime", "../UTC", "posix/UTC", "PST", "zone.tab"])
def test_a_name_that_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="knows no time zone"):
        time_zone(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_ZONES)
def test_the_table_of_offsets_agrees_with_the_rules_at_every_instant(name: str) -> None:
    zone, table = time_zone(name), utc_offsets(name, BEGINNING, LAST)
    assert all(before.ends_at == after.starts_at for before, after in pairwise(table))
    stretches = iter(table)
    stretch, instant = next(stretches), BEGINNING
    while instant < LAST:
        if instant >= stretch.ends_at:
            stretch = next(stretches)
        assert offset_at(zone, instant) == stretch.utc_offset_seconds * timedelta(seconds=1)
        instant += 12 * HOUR
    for stretch in table[1:]:
        seconds = [offset_at(zone, stretch.starts_at - step * timedelta(seconds=1)) for step in (1, 0)]
        assert seconds[0] != seconds[1]


@given(st.sampled_from(ODD_ZONES), st.dates(date(2009, 2, 1), date(2029, 12, 1)), st.integers(0, 47))
def test_a_local_time_is_converted_to_the_first_instant_at_which_clocks_show_it(
    name: str, day: date, half_hours: int
) -> None:
    local = datetime.combine(day, time()) + half_hours * timedelta(minutes=30)
    [offset] = [
        row.utc_offset_seconds
        for row in utc_offsets(name, BEGINNING, LAST)
        if row.local_starts_at <= local < row.local_ends_at
    ]
    expected = local.replace(tzinfo=time_zone(name)).astimezone(UTC)
    assert (local - offset * timedelta(seconds=1)).replace(tzinfo=UTC) == expected


def test_each_country_has_its_zones_and_the_main_one_is_first() -> None:
    zones = zones_of_country()
    assert zones["DE"] == ("Europe/Berlin", "Europe/Busingen")
    assert (zones["GB"], zones["JM"], zones["US"][0]) == (("Europe/London",), ("America/Jamaica",), "America/New_York")
    assert {zone for found in zones.values() for zone in found} <= known_zones()


def test_no_model_asks_the_engine_for_local_time() -> None:
    questions = sql_folder() / "questions"  # run in the reader's own shell, not by the build
    asked = {
        (path.name, zone)
        for path in sql_folder().rglob("*.sql")
        if path.parent != questions
        for zone in re.findall(r"at time zone\s+([^\s),]+)", path.read_text(encoding="utf-8"))
    }
    assert {zone for _, zone in asked} == {"'UTC'"}, asked
