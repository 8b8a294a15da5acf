"""Phone numbers of orders: one row per order and position, with the country, area code and time zone that it tells.

Telnyx filters by country but never returns it, so the prefix has to tell. Reading one number with libphonenumber takes
longer than everything else done to an order, so numbers that must have the same answer share it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from portouts.privacy import KEEP, Privacy

NANP_LENGTH = len("+12125550100")
_PLACED_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
    }
)
# North American area codes that time zones share: there the exchange decides.
_SHARED_AREAS = frozenset(prefix[1:4] for prefix in TIMEZONE_DATA if prefix[0] == "1" and len(prefix) > len("1212"))


class Place(NamedTuple):
    """What a number tells: country (ISO 3166 alpha-2), area code, IANA time zone; nulls where it does not tell."""

    country_code: str | None
    area_code: str | None
    time_zone: str | None


NOWHERE = Place(None, None, None)


def phone_numbers_table(orders: pa.Table, privacy: Privacy = KEEP) -> pa.Table:
    """Explode `phone_numbers`: `portout_id, position` (from 1)`, phone_number`, the fields of `Place`, `is_gone`.

    The numbers of an order replace those loaded before. An order without numbers gets one row that only says so,
    `is_gone`, which takes the old ones away and is not itself loaded.
    """
    lists = orders["phone_numbers"].combine_chunks()
    parents = pc.list_parent_indices(lists)
    numbers = pc.list_flatten(lists).to_pylist()
    places = [place_of(number) for number in numbers]
    without = orders.filter(pc.equal(pc.fill_null(pc.list_value_length(orders["phone_numbers"]), 0), 0))["id"]
    nothing = pa.nulls(len(without), pa.string())
    columns = {
        "portout_id": (orders["id"].combine_chunks().take(parents), without.combine_chunks()),
        "position": (_positions(parents), pa.repeat(pa.scalar(0, pa.int64()), len(without))),
        "phone_number": (pa.array([privacy.cover(number) for number in numbers], pa.string()), nothing),
        "country_code": (pa.array([place.country_code for place in places], pa.string()), nothing),
        "area_code": (pa.array([place.area_code for place in places], pa.string()), nothing),
        "time_zone": (pa.array([place.time_zone for place in places], pa.string()), nothing),
        "is_gone": (pa.repeat(pa.scalar(False), len(numbers)), pa.repeat(pa.scalar(True), len(without))),
    }
    return pa.table({name: pa.chunked_array(parts) for name, parts in columns.items()})


def _positions(parents: pa.Array) -> pa.Array:
    """Count from 1 inside each run of equal parents."""
    owner = parents.to_numpy(zero_copy_only=False)
    index = np.arange(len(owner))
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else index
    lengths = np.diff(np.append(starts, len(owner)))
    return pa.array(index - np.repeat(starts, lengths) + 1, pa.int64())


def place_of(number: str | None) -> Place:
    """Tell the place of an E.164 number; the first of its time zones, if its prefix has several."""
    if not number:
        return NOWHERE
    if len(number) == NANP_LENGTH and number.startswith("+1") and number[5] in "23456789" and number[2:].isdecimal():
        area = number[:5]
        return _place_of_exchange(number[:8]) if _exchange_decides(area) else _place_of_area(area)
    return _place(_representative(number))


def _representative(number: str) -> str:
    """Name a number of the same place: the same but for the last four digits, or as far as zones have prefixes.

    Short numbers are read as they are: in some countries their last digits still tell the place.
    """
    if len(number) < NANP_LENGTH:
        return number
    return number[: max(len(number) - 4, TIMEZONE_LONGEST_PREFIX + 1)].ljust(len(number), "0")


@cache
def _exchange_decides(area: str) -> bool:
    """Tell whether zones share an area code, or it is an island's, of whose exchanges only some exist."""
    return area[2:] in _SHARED_AREAS or _place_of_area(area).country_code not in {"US", "CA", None}


def _place_of_area(area: str) -> Place:
    return _place(area + "2345678")


@lru_cache(maxsize=50_000)
def _place_of_exchange(exchange: str) -> Place:
    place = _place_of_area(exchange[:5])
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(exchange[2:] + "5678"))
    is_mainland = exchange[2:5] in _SHARED_AREAS
    exists = place.time_zone is not None if is_mainland else phonenumbers.is_number_geographical(number)
    return place._replace(time_zone=_time_zone_of_prefix(number) if exists else None)


@lru_cache(maxsize=200_000)
def _place(number: str) -> Place:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NOWHERE
    country = phonenumbers.region_code_for_number(parsed)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == 1 and country and phonenumbers.number_type(parsed) in _PLACED_TYPES:
        digits = 3  # libphonenumber gives mobile numbers none, but the NANP islands have one area code for both
    area = phonenumbers.national_significant_number(parsed)[:digits]
    zone = _time_zone_of_prefix(parsed) if phonenumbers.is_number_geographical(parsed) else None
    return Place(country, area or None, zone)


def _time_zone_of_prefix(number: phonenumbers.PhoneNumber) -> str | None:
    zone = str(timezone.time_zones_for_geographical_number(number)[0])
    return None if zone == timezone.UNKNOWN_TIMEZONE else zone
