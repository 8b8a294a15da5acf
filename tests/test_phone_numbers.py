"""One row per order and number, with the place that its digits determine."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA
from portouts.records.arrow import orders_table
from portouts.records.phone_numbers import Place, area_places, phone_numbers_table, place_of, type_of
from portouts.records.privacy import Pii, Privacy
from portouts.records.time_zones import known_zones, offset_at, time_zone, zones_of_country

Row = dict[str, Any]


def numbers_of(orders: dict[str, Any], privacy: Privacy = Privacy()) -> list[Row]:  # noqa: B008  # frozen
    """Load orders, given as id and numbers, and explode them."""
    rows = [{"id": order_id, "phone_numbers": numbers} for order_id, numbers in orders.items()]
    return list(phone_numbers_table(orders_table(rows, privacy), privacy).to_pylist())


ZONES = {
    "212": ("America/New_York", "area_code"),
    "416": ("America/Toronto", "area_code"),
    "20": ("Europe/London", "country"),
    "1": ("Europe/Dublin", "country"),
}


def number(order_id: str, position: int, text: str | None, country: str | None, area: str | None) -> Row:
    zone, source = ZONES.get(area or "", (None, None))
    return {
        "portout_id": order_id,
        "position": position,
        "phone_number": text,
        "country_code": country,
        "area_code": area,
        "time_zone": zone,
        "time_zone_source": source,
        "number_type": type_of(text),
        "is_gone": False,
    }


def gone(order_id: str) -> Row:
    return number(order_id, 0, None, None, None) | {"is_gone": True}


def test_numbers_of_several_countries_become_whole_rows_counted_from_one_in_each_order() -> None:
    assert numbers_of({"a": ["+12125550100", "+35315550100"], "b": ["+442075550100"]}) == [
        number("a", 1, "+12125550100", "US", "212"),
        number("a", 2, "+35315550100", "IE", "1"),
        number("b", 1, "+442075550100", "GB", "20"),
    ]


@pytest.mark.parametrize("nothing", [None, [], "+12125550100", {}], ids=["null", "empty", "text", "object"])
def test_an_order_without_a_list_of_numbers_only_takes_the_old_ones_away(nothing: object) -> None:
    rows = numbers_of({"a": ["+12125550100"], "b": nothing, "c": ["+12125550101"]})
    assert rows == [number("a", 1, "+12125550100", "US", "212"), number("c", 1, "+12125550101", "US", "212"), gone("b")]


def test_no_orders_and_orders_without_numbers_have_the_same_schema() -> None:
    tables = [
        phone_numbers_table(orders_table(rows)) for rows in ([], [{"id": "a"}], [{"id": "a", "phone_numbers": ["+1"]}])
    ]
    assert tables[0].schema == tables[1].schema == tables[2].schema
    assert [len(table) for table in tables] == [0, 1, 1]


def test_the_same_number_twice_keeps_both_positions() -> None:
    assert [row["position"] for row in numbers_of({"a": ["+1", "+1"]})] == [1, 2]


def test_a_null_among_the_numbers_keeps_its_position() -> None:
    assert numbers_of({"a": ["+12125550100", None, "+12125550101"]})[1:] == [
        number("a", 2, None, None, None),
        number("a", 3, "+12125550101", "US", "212"),
    ]


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(0, 8), st.integers(1, 8))
def test_orders_cut_out_of_a_larger_table_keep_their_own_numbers(counts: list[int], start: int, length: int) -> None:
    rows: list[Row] = [
        {"id": f"o{n}", "phone_numbers": [f"+1212555{n:02}{m:02}" for m in range(count)]}
        for n, count in enumerate(counts)
    ]
    cut = pa.concat_tables([orders_table(rows[:3]), orders_table(rows[3:])]).slice(start, length)
    expected = [
        (row["id"], position, text)
        for row in rows[start : start + length]
        for position, text in enumerate(row["phone_numbers"], start=1)
    ]
    found = [row for row in phone_numbers_table(cut).to_pylist() if not row["is_gone"]]
    assert [(row["portout_id"], row["position"], row["phone_number"]) for row in found] == expected


SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
EXCHANGE, AREA_CODE, COUNTRY = "exchange", "area_code", "country"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+12125550100", ("US", "212", "America/New_York", AREA_CODE)),
        ("+14165550100", ("CA", "416", "America/Toronto", AREA_CODE)),
        ("+18765230137", ("JM", "876", "America/Jamaica", AREA_CODE)),
        ("+16585550100", ("JM", "658", "America/Jamaica", AREA_CODE)),
        ("+14415550100", ("BM", "441", "Atlantic/Bermuda", AREA_CODE)),
        ("+12082370100", ("US", "208", "America/Denver", EXCHANGE)),
        ("+12085550100", ("US", "208", "America/Boise", AREA_CODE)),
        ("+12087550100", ("US", "208", "America/Los_Angeles", EXCHANGE)),
        ("+15415550100", ("US", "541", "America/Los_Angeles", AREA_CODE)),
        ("+15412120100", ("US", "541", "America/Los_Angeles", AREA_CODE)),
        ("+19065550100", ("US", "906", "America/New_York", AREA_CODE)),
        ("+19305550100", ("US", "930", "America/New_York", AREA_CODE)),
        ("+14235550100", ("US", "423", "America/New_York", AREA_CODE)),
        ("+14239490100", ("US", "423", "America/Chicago", EXCHANGE)),
        ("+18502220100", ("US", "850", "America/New_York", EXCHANGE)),
        ("+14485550100", ("US", "448", "America/Chicago", AREA_CODE)),
        ("+18675550100", ("CA", "867", "America/Edmonton", AREA_CODE)),
        ("+18676670100", ("CA", "867", "America/Whitehorse", EXCHANGE)),
        ("+19285550100", ("US", "928", "America/Phoenix", AREA_CODE)),
        ("+19282830100", ("US", "928", "America/Phoenix", AREA_CODE)),  # of the Navajo Nation, or not
        ("+14365550100", ("US", "436", "America/New_York", AREA_CODE)),
        ("+16795550100", ("US", "679", "America/New_York", AREA_CODE)),
        ("+19245550100", ("US", "924", "America/Chicago", AREA_CODE)),
        ("+13875550100", ("CA", "387", "America/Toronto", AREA_CODE)),
        ("+18005550100", ("US", None, None, None)),
        ("+4930123456", ("DE", "30", "Europe/Berlin", COUNTRY)),
        ("+4934321754", ("DE", "34321", "Europe/Berlin", COUNTRY)),
        ("+4915155501010", ("DE", None, "Europe/Berlin", COUNTRY)),
        ("+33142685300", ("FR", "1", "Europe/Paris", COUNTRY)),
        ("+447400123456", ("GB", None, "Europe/London", COUNTRY)),
        ("+447781123456", ("GG", None, "Europe/Guernsey", COUNTRY)),
        ("+353871234567", ("IE", None, "Europe/Dublin", COUNTRY)),
        ("+393471234567", ("IT", None, "Europe/Rome", COUNTRY)),
        ("+358401234567", ("FI", None, "Europe/Helsinki", COUNTRY)),
        ("+212522123456", ("MA", "5", "Africa/Casablanca", COUNTRY)),
        ("+380501234567", ("UA", None, "Europe/Kyiv", COUNTRY)),
        ("+34912345678", ("ES", None, "Europe/Madrid", AREA_CODE)),
        ("+34928123456", ("ES", None, "Atlantic/Canary", AREA_CODE)),
        ("+34612345678", ("ES", None, None, None)),
        ("+61212345678", ("AU", "2", "Australia/Sydney", AREA_CODE)),
        ("+61412345678", ("AU", None, None, None)),
        ("+3531", (None, None, None, None)),
        ("+999123456789", (None, None, None, None)),
        ("2125550100", (None, None, None, None)),
        ("{{e.164 phone number}}", (None, None, None, None)),
        ("+", (None, None, None, None)),
        ("+1", (None, None, None, None)),
        ("+12080550100", (None, None, None, None)),
        ("+12082xy0100", (None, None, None, None)),
        ("", (None, None, None, None)),
        (None, (None, None, None, None)),
        ("+" + "9" * 400, (None, None, None, None)),
        ("🙂🙂🙂🙂🙂🙂", (None, None, None, None)),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_number_determines_its_place_or_nothing(
    text: str | None, place: tuple[str | None, str | None, str | None, str | None]
) -> None:
    assert place_of(text) == Place(*place)


TYPES = {
    "+12125550100": "geographic",
    "+18005550100": "toll_free",
    "+18885550100": "toll_free",
    "+442075550100": "geographic",
    "+447400123456": "mobile",
    "+448001234567": "toll_free",
    "+19005550100": "non_geographic",
    "+443001234567": "non_geographic",
    "+1212": None,
    "x": None,
    None: None,
}


@pytest.mark.parametrize("text", TYPES, ids=str)
def test_a_number_determines_its_type_or_nothing(text: str | None) -> None:
    assert type_of(text) == TYPES[text]


def test_every_area_code_has_a_place() -> None:
    places = {area: (country, place, state) for country, area, place, state in area_places()}
    assert places.keys() == {prefix for prefix in area_codes() if len(prefix) == 3}
    assert (places["312"], places["307"], places["787"]) == (
        ("US", "Chicago, IL", "IL"),
        ("US", "Wyoming", "WY"),
        ("PR", "Puerto Rico", None),
    )
    in_no_state = {area for area, (country, _, state) in places.items() if country in ("US", "CA") and not state}
    assert in_no_state == {"782", "902", "867"}  # two provinces share the first two, three territories the last
    assert len({state for _, _, state in places.values() if state}) == 51 + 8


def test_zones_of_a_country_are_one_clock_only_while_they_agree() -> None:
    kazakhstan = place_of("+77015550101")
    assert kazakhstan.time_zone is None
    assert kazakhstan.at(SUMMER).time_zone == "Asia/Almaty"
    assert kazakhstan.at(datetime(2024, 2, 29, tzinfo=UTC)).time_zone is None
    assert kazakhstan.at(None).time_zone is None


def test_the_instant_is_that_at_which_the_order_arrives() -> None:
    rows = [
        {"id": str(at), "inserted_at": at.isoformat(), "phone_numbers": ["+12125550100", "+77015550101"]}
        for at in (datetime(2023, 6, 1, tzinfo=UTC), SUMMER)
    ]
    found = [row for row in phone_numbers_table(orders_table(rows)).to_pylist() if row["country_code"] == "KZ"]
    zones = [(row["time_zone"], row["time_zone_source"]) for row in found]
    assert zones == [(None, None), ("Asia/Almaty", "country")]


def area_codes() -> dict[str, tuple[str, str]]:
    lines = files("portouts.records").joinpath("area_codes.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["prefix"]: (row["country_code"], row["time_zone"]) for row in rows}


def test_every_area_code_of_the_list_has_country_code_and_clock() -> None:
    areas = {area: found for area, found in area_codes().items() if len(area) == 3}
    places = {area: place_of(f"+1{area}5550100") for area in areas}
    assert len(areas) > 440
    assert {area: place[:2] for area, place in places.items()} == {a: (found[0], a) for a, found in areas.items()}
    assert [area for area, place in places.items() if place.time_zone not in known_zones()] == []


def test_every_area_code_that_libphonenumber_knows_is_on_the_list_with_the_same_country() -> None:
    countries = {
        str(area): phonenumbers.region_code_for_number(parsed)
        for area in range(200, 1000)
        for parsed in [phonenumbers.parse(f"+1{area}2345678")]
        if phonenumbers.number_type(parsed) in (0, 1, 2)
    }
    held = area_codes()
    assert len(countries) > 420
    assert {area: held.get(area, ("missing",))[0] for area in countries} == countries


def test_an_overlay_has_the_clock_of_the_area_code_that_it_overlays() -> None:
    pairs = (
        "850 448 · 812 930 · 270 364 · 541 458 · 208 986 · 709 879 · 407 689 · 423 729 · 440 436 · 313 679 · 306 474"
    )
    held = area_codes()
    for pair in pairs.split(" · "):
        old, new = pair.split()
        assert held[old] == held[new], pair


def clock(zone: str) -> tuple[timedelta, ...]:
    return tuple(offset_at(time_zone(zone), instant) for instant in (WINTER, SUMMER))


def test_a_zone_of_an_area_code_differs_from_the_only_one_of_libphonenumber_only_where_that_is_wrong() -> None:
    alone = {
        prefix[1:]: zones[0]
        for prefix, zones in TIMEZONE_DATA.items()
        if prefix[0] == "1" and len(prefix) == 4 and len(zones) == 1
    }
    held = area_codes()
    others = {area for area, zone in alone.items() if area in held and clock(held[area][1]) != clock(zone)}
    assert others == {"219", "270", "364", "423", "448", "474", "689", "850", "867"}


AREAS_OF_SEVERAL_ZONES = ["208", "250", "270", "308", "423", "605", "701", "775", "812", "850", "906", "928"]


@given(st.sampled_from(AREAS_OF_SEVERAL_ZONES), st.integers(2, 9), st.text("0123456789", min_size=6, max_size=6))
def test_an_exchange_with_a_zone_of_its_own_has_it(area: str, first: int, rest: str) -> None:
    text = f"+1{area}{first}{rest}"
    place = place_of(text)
    own = [zones for length in (5, 6, 7) if (zones := TIMEZONE_DATA.get(text[1:][:length]))]
    if own and len(own[-1]) == 1:
        assert place[2:4] == (own[-1][0], "exchange")
    elif place.time_zone_source == "area_code":
        assert place.time_zone == area_codes()[area][1]


@pytest.mark.parametrize("text", ["+16055550100", "+17755550100", "+19075550100", "+17095550100", "+18795550100"])
def test_the_first_of_several_zones_is_never_taken_for_the_only_one(text: str) -> None:
    first, *others = timezone.time_zones_for_number(phonenumbers.parse(text))
    found = place_of(text).time_zone
    assert others
    assert found is not None
    assert clock(found) != clock(first)


NOT_NANP = sorted(
    region for region in phonenumbers.SUPPORTED_REGIONS if phonenumbers.country_code_for_region(region) != 1
)


@given(st.sampled_from(NOT_NANP), st.sampled_from([0, 1]), st.text("0123456789", min_size=3, max_size=7))
@settings(max_examples=300)
def test_numbers_that_share_an_answer_have_the_same_answer(region: str, kind: int, tail: str) -> None:
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return
    national = phonenumbers.national_significant_number(example)
    text = f"+{example.country_code}{national[: -len(tail)]}{tail}"
    parsed = phonenumbers.parse(text)
    if not phonenumbers.is_valid_number(parsed):
        return
    country, place = phonenumbers.region_code_for_number(parsed), place_of(text)
    area = phonenumbers.national_significant_number(parsed)[: phonenumbers.length_of_geographical_area_code(parsed)]
    assert place[:2] == (country, area or None)
    zones = zones_of_country().get(country or "", ())
    if len(zones) == 1:
        assert place[2:4] == (zones[0], "country")
    elif place.time_zone_source == "area_code":
        zones = timezone.time_zones_for_number(parsed)
        assert {clock(zone) for zone in zones} == {clock(place.time_zone or "")}


def test_every_zone_that_a_number_can_have_is_known() -> None:
    named = {zone for zones in TIMEZONE_DATA.values() for zone in zones} - {timezone.UNKNOWN_TIMEZONE}
    assert len(named) > 200
    assert named - known_zones() == set()
    assert {zone for _, zone in area_codes().values()} - known_zones() == set()


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_the_place_survives_what_hides_the_number(pii: Pii) -> None:
    privacy = Privacy(pii, "not a secret")
    rows = numbers_of({"a": ["+12125550100", "+35315550100"]}, privacy)
    hidden = [privacy.mask(text) for text in ("+12125550100", "+35315550100")]
    assert [row.pop("phone_number") for row in rows] == hidden
    shown = [number("a", 1, "+12125550100", "US", "212"), number("a", 2, "+35315550100", "IE", "1")]
    assert rows == [{key: value for key, value in row.items() if key != "phone_number"} for row in shown]
    assert not {"+12125550100", "+35315550100"} & set(hidden)
