"""Makes one row per order and phone number, with the country, area code, time zone and type of the number.

Telnyx filters by country but never returns it, so the prefix determines it. libphonenumber takes longer for one number
than everything else takes for an order, so numbers of the same place are read once.

North American area codes stand in area_codes.csv: libphonenumber lacks some that are in service, and lists several time
zones, or a wrong one, for others. Elsewhere, several zones count as one while they show the same time.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneNumberType, timezone
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from portouts.records.privacy import KEEP, Privacy
from portouts.records.time_zones import known_zones, offset_at, time_zone, utc_offsets, zones_of_country
from portouts.windows import BEGINNING

NANP_LENGTH = len("+12125550100")
GEOGRAPHIC, NON_GEOGRAPHIC = "geographic", "non_geographic"
# Other types are non-geographic. The digits of a North American number do not show whether it is of a mobile phone.
TYPES = {
    PhoneNumberType.FIXED_LINE: GEOGRAPHIC,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: GEOGRAPHIC,
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.UNKNOWN: None,
}
# Another text makes the next build determine all places again.
RULES = "rules of 2026-11-29"
EXCHANGE, AREA_CODE, COUNTRY = "exchange", "area_code", "country"
# Zones that show the same time up to here always do.
FORESEEABLE = BEGINNING + timedelta(days=30 * 365)


class Place(NamedTuple):
    """What the digits of a number determine: country (ISO 3166 alpha-2), area code, IANA time zone and its source.

    What they do not determine is None. `zones` are several zones that show the same time at some instants only.
    """

    country_code: str | None
    area_code: str | None
    time_zone: str | None
    time_zone_source: str | None
    zones: tuple[str, ...] = ()

    def at(self, instant: datetime | None) -> Place:
        """Choose one of several zones if all show the same time at this instant."""
        if not self.zones or instant is None or len({offset_at(time_zone(zone), instant) for zone in self.zones}) > 1:
            return self
        return self._replace(time_zone=self.zones[0])


NOWHERE = Place(None, None, None, None)


def phone_numbers_table(orders: pa.Table, privacy: Privacy = KEEP) -> pa.Table:
    """Explode `phone_numbers`: `portout_id, position` (from 1)`, phone_number`, the columns of `place_all`, `is_gone`.

    The numbers of an order replace those loaded before. An order without numbers gets one row with `is_gone`, which
    removes the numbers loaded before and is not loaded itself. The column stands in `raw`, so its name stays.
    """
    lists = orders["phone_numbers"].combine_chunks()
    parents = pc.list_parent_indices(lists)
    numbers = pc.list_flatten(lists).to_pylist()
    places = place_all(numbers, orders["inserted_at"].combine_chunks().take(parents))
    without = orders.filter(pc.equal(pc.fill_null(pc.list_value_length(orders["phone_numbers"]), 0), 0))["id"]
    nothing = pa.nulls(len(without), pa.string())
    columns = {
        "portout_id": (orders["id"].combine_chunks().take(parents), without.combine_chunks()),
        "position": (_positions(lists, parents), pa.repeat(pa.scalar(0, pa.int64()), len(without))),
        "phone_number": (pa.array([privacy.mask(number) for number in numbers], pa.string()), nothing),
        **{name: (column, nothing) for name, column in places.items()},
        "is_gone": (pa.repeat(pa.scalar(False), len(numbers)), pa.repeat(pa.scalar(True), len(without))),
    }
    return pa.table({name: pa.chunked_array(parts) for name, parts in columns.items()})


def place_all(numbers: Sequence[str | None], instants: pa.Array) -> dict[str, pa.Array]:
    """Return the columns of the places and types of numbers; `instants` are the times at which their orders arrived."""
    places = [place_of(number) for number in numbers]
    for index, place in enumerate(places):
        if place.zones:
            places[index] = place.at(instants[index].as_py())
    return {
        "country_code": pa.array([place.country_code for place in places], pa.string()),
        "area_code": pa.array([place.area_code for place in places], pa.string()),
        "time_zone": pa.array([place.time_zone for place in places], pa.string()),
        "time_zone_source": pa.array([place.time_zone and place.time_zone_source for place in places], pa.string()),
        "number_type": pa.array([type_of(number) for number in numbers], pa.string()),
    }


def places_version() -> str:
    """Return the versions that places depend on; after a change, places are determined again."""
    return f"{RULES}, libphonenumber {phonenumbers.__version__}, {_area_codes_text().splitlines()[1]}"


def _positions(lists: pa.Array, parents: pa.Array) -> pa.Array:
    """Count from 1 inside each list; `parents` has the place of the list of each value."""
    lengths = pc.cast(pc.fill_null(pc.list_value_length(lists), 0), pa.int64())
    before = pc.subtract(pc.cumulative_sum(lengths), lengths)
    counted = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), len(parents)))
    return pc.subtract(counted, before.take(parents))


def place_of(number: str | None) -> Place:
    """Determine the place of an E.164 number."""
    if not number:
        return NOWHERE
    if len(number) == NANP_LENGTH and number.startswith("+1") and number[5] in "23456789" and number[2:].isdecimal():
        area = number[2:5]
        if area not in _area_codes():
            return _place(number[:5] + "2345678")
        return _place_of_exchange(number[2:8]) if area in _shared_areas() else _place_of_area(area)
    return _place(_representative(number))


def type_of(number: str | None) -> str | None:
    """Determine the type of an E.164 number: geographic, non_geographic, mobile or toll_free; None if unknown."""
    if not number:
        return None
    if len(number) == NANP_LENGTH and number.startswith("+1") and number[2:5] in _area_codes():
        return GEOGRAPHIC
    return _type(_representative(number))


@lru_cache(maxsize=200_000)
def _type(number: str) -> str | None:
    try:
        return TYPES.get(phonenumbers.number_type(phonenumbers.parse(number)), NON_GEOGRAPHIC)
    except phonenumbers.NumberParseException:
        return None


def _representative(number: str) -> str:
    """Return a number of the same place: its last digits are zeros, as far as no prefix of a zone needs them.

    Short numbers stay as they are: in some countries their last digits determine the place.
    """
    if len(number) < NANP_LENGTH:
        return number
    return number[: max(len(number) - 4, TIMEZONE_LONGEST_PREFIX + 1)].ljust(len(number), "0")


# North America


def _area_codes_text() -> str:
    return files("portouts.records").joinpath("area_codes.csv").read_text(encoding="utf-8")


@cache
def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in _area_codes_text().splitlines() if not line.startswith("#")))


@cache
def _area_codes() -> dict[str, tuple[str, str]]:
    """Return country and zone by area code, and by area code and exchange where these differ."""
    return {row["prefix"]: (row["country_code"], row["time_zone"]) for row in _rows()}


def area_places() -> list[tuple[str, str, str, str | None]]:
    """List country, area code, place (a city, state, province or island) and state of North American area codes."""
    return [(row["country_code"], row["prefix"], row["place"], row["state"] or None) for row in _rows() if row["place"]]


@cache
def _shared_areas() -> frozenset[str]:
    """List the area codes of several time zones, where the exchange determines the zone."""
    prefixes = [prefix[1:] for prefix in TIMEZONE_DATA if prefix[0] == "1"]
    return frozenset(prefix[:3] for prefix in (*prefixes, *_area_codes()) if len(prefix) > 3)


@cache
def _place_of_area(area: str) -> Place:
    country, zone = _area_codes()[area]
    return Place(country, area, zone, AREA_CODE)


@lru_cache(maxsize=50_000)
def _place_of_exchange(exchange: str) -> Place:
    place = _place_of_area(exchange[:3])
    if exchange in _area_codes():
        return place._replace(time_zone=_area_codes()[exchange][1], time_zone_source=EXCHANGE)
    for length in range(len(exchange), 3, -1):
        zones = TIMEZONE_DATA.get(f"1{exchange[:length]}", ())
        if zones:
            is_one = len(zones) == 1 and zones[0] in known_zones()
            return place._replace(time_zone=zones[0], time_zone_source=EXCHANGE) if is_one else place
    return place


# All other countries


@lru_cache(maxsize=200_000)
def _place(number: str) -> Place:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NOWHERE
    country = phonenumbers.region_code_for_number(parsed)
    if parsed.country_code == 1:  # toll-free and the like: all that have a place stand in area_codes.csv
        return Place(country, None, None, None)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    area = phonenumbers.national_significant_number(parsed)[:digits] or None
    zone, zones = _clock(country, zones_of_country().get(country or "", ()))
    if zone:
        return Place(country, area, zone, COUNTRY)
    if phonenumbers.is_number_geographical(parsed):
        zone, _ = _clock(country, timezone.time_zones_for_geographical_number(parsed))
        if zone:
            return Place(country, area, zone, AREA_CODE)
    # libphonenumber leaves out small parts of a country that keep another time.
    zone, _ = _clock(country, TIMEZONE_DATA.get(str(parsed.country_code), ()) if country else ())
    return Place(country, area, zone, COUNTRY if zone or zones else None, () if zone else zones)


def _clock(country: str | None, zones: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return one zone if all of these zones always show the same time; else the zones, if they sometimes do."""
    known = [zone for zone in zones if zone in known_zones()]
    if len(known) < 2:
        return (known[0] if known else None), ()
    stretches = [_stretches(zone) for zone in known]
    if any(other != stretches[0] for other in stretches):
        turns = {starts_at for stretch in stretches for starts_at, _ in stretch}
        is_one_at_times = any(len({offset_at(time_zone(zone), turn) for zone in known}) == 1 for turn in turns)
        return None, tuple(known) if is_one_at_times else ()
    main_zone = zones_of_country().get(country or "", ("UTC",))[0]
    return (main_zone if _stretches(main_zone) == stretches[0] else known[0]), ()


@cache
def _stretches(zone: str) -> list[tuple[datetime, int]]:
    """List the offsets from UTC of a zone, each with the instant at which it starts."""
    return [
        (max(row.starts_at, BEGINNING), row.utc_offset_seconds) for row in utc_offsets(zone, BEGINNING, FORESEEABLE)
    ]
