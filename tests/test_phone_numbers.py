"""One row per order and number, with the place that the number tells."""

from __future__ import annotations

from typing import Any

import duckdb
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA
from portouts.phone_numbers import Place, phone_numbers_table, place_of
from portouts.privacy import Pii, Privacy
from portouts.records import orders_table

Row = dict[str, Any]


def numbers_of(orders: dict[str, Any], privacy: Privacy = Privacy()) -> list[Row]:  # noqa: B008  # frozen
    """Load orders, given as id and numbers, and explode them."""
    rows = [{"id": order_id, "phone_numbers": numbers} for order_id, numbers in orders.items()]
    return list(phone_numbers_table(orders_table(rows, privacy), privacy).to_pylist())


ZONES = {
    "212": "America/New_York",
    "416": "America/Toronto",
    "20": "Europe/London",
    "1": "Europe/Guernsey",
}  # the first of several


def number(order_id: str, position: int, text: str | None, country: str | None, area: str | None) -> Row:
    return {
        "portout_id": order_id,
        "position": position,
        "phone_number": text,
        "country_code": country,
        "area_code": area,
        "time_zone": ZONES.get(area or ""),
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


@pytest.mark.parametrize(
    ("text", "country", "area", "zone"),
    [
        ("+12125550100", "US", "212", "America/New_York"),
        ("+14165550100", "CA", "416", "America/Toronto"),
        ("+18765230137", "JM", "876", "America/Jamaica"),
        ("+14415550100", "BM", "441", None),
        ("+14414220100", "BM", "441", "Atlantic/Bermuda"),
        ("+12082370100", "US", "208", "America/Denver"),
        ("+12085550100", "US", "208", "America/Boise"),
        ("+12087550100", "US", "208", "America/Los_Angeles"),
        ("+18005550100", "US", None, None),
        ("+4930123456", "DE", "30", "Europe/Berlin"),
        ("+4934321754", "DE", "34321", "Europe/Berlin"),
        ("+33142685300", "FR", "1", "Europe/Paris"),
        ("+447400123456", "GB", None, None),
        ("+3531", None, None, None),
        ("+999123456789", None, None, None),
        ("2125550100", None, None, None),
        ("{{e.164 phone number}}", None, None, None),
        ("+", None, None, None),
        ("+1", None, None, None),
        ("+12082xy0100", None, None, None),
        ("", None, None, None),
        (None, None, None, None),
        ("+" + "9" * 400, None, None, None),
        ("🙂🙂🙂🙂🙂🙂", None, None, None),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_number_tells_its_place_or_nothing(
    text: str | None, country: str | None, area: str | None, zone: str | None
) -> None:
    assert place_of(text) == Place(country, area, zone)


def told_by_libphonenumber(text: str) -> Place:
    parsed = phonenumbers.parse(text)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    area = phonenumbers.national_significant_number(parsed)[:digits]
    zone = timezone.time_zones_for_number(parsed)[0] if phonenumbers.is_number_geographical(parsed) else None
    known = None if zone == timezone.UNKNOWN_TIMEZONE else zone
    return Place(phonenumbers.region_code_for_number(parsed), area or None, known)


AREAS_OF_SEVERAL_ZONES = ["208", "250", "270", "308", "423", "605", "701", "775", "812", "850", "906", "928"]
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
    if phonenumbers.is_valid_number(phonenumbers.parse(text)):
        assert place_of(text) == told_by_libphonenumber(text)


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.text("0123456789", min_size=6, max_size=6))
@settings(max_examples=300)
def test_numbers_of_north_america_that_share_a_zone_have_the_same_zone(region: str, tail: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    text = f"+1{phonenumbers.national_significant_number(example)[:3]}{int(tail[0]) % 8 + 2}{tail}"
    if phonenumbers.country_code_for_region(region) == 1 and phonenumbers.is_valid_number(phonenumbers.parse(text)):
        assert place_of(text).time_zone == told_by_libphonenumber(text).time_zone


@given(st.sampled_from(AREAS_OF_SEVERAL_ZONES), st.integers(2, 9), st.text("0123456789", min_size=6, max_size=6))
def test_an_exchange_decides_where_zones_share_an_area_code(area: str, first: int, rest: str) -> None:
    text = f"+1{area}{first}{rest}"
    assert place_of(text) == told_by_libphonenumber(text)


def test_every_zone_that_a_number_can_tell_is_known_to_the_warehouse() -> None:
    told = {zone for zones in TIMEZONE_DATA.values() for zone in zones} - {timezone.UNKNOWN_TIMEZONE}
    known = {name for (name,) in duckdb.execute("select name from pg_timezone_names()").fetchall()}
    assert len(told) > 200
    assert told - known == set()


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_the_place_survives_what_hides_the_number(pii: Pii) -> None:
    privacy = Privacy(pii, "not a secret")
    rows = numbers_of({"a": ["+12125550100", "+35315550100"]}, privacy)
    hidden = [privacy.cover(text) for text in ("+12125550100", "+35315550100")]
    assert [row.pop("phone_number") for row in rows] == hidden
    shown = [number("a", 1, None, "US", "212"), number("a", 2, None, "IE", "1")]
    assert rows == [{key: value for key, value in row.items() if key != "phone_number"} for row in shown]
    assert not {"+12125550100", "+35315550100"} & set(hidden)
