"""Phone numbers of orders: one row per order and position, with the country and area code that the number tells.

Telnyx filters by country but never returns it, so the prefix has to tell. Reading one number with libphonenumber takes
longer than everything else done to an order, so numbers that must have the same answer share it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records import KEEP, Privacy

_PLACED_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
    }
)


def phone_numbers_table(orders: pa.Table, privacy: Privacy = KEEP) -> pa.Table:
    """Explode `phone_numbers`: `portout_id, position` (from 1)`, phone_number, country_code, area_code, is_gone`.

    The numbers of an order replace those loaded before. An order without numbers gets one row that only says so,
    `is_gone`, which takes the old ones away and is not itself loaded.
    """
    lists = orders["phone_numbers"].combine_chunks()
    parents = pc.list_parent_indices(lists)
    numbers = pc.list_flatten(lists).to_pylist()
    places = [place(number) for number in numbers]
    without = orders.filter(pc.equal(pc.fill_null(pc.list_value_length(orders["phone_numbers"]), 0), 0))["id"]
    nothing = pa.nulls(len(without), pa.string())
    columns = {
        "portout_id": (orders["id"].combine_chunks().take(parents), without.combine_chunks()),
        "position": (_positions(parents), pa.repeat(pa.scalar(0, pa.int64()), len(without))),
        "phone_number": (pa.array([privacy.cover(number) for number in numbers], pa.string()), nothing),
        "country_code": (pa.array([country for country, _ in places], pa.string()), nothing),
        "area_code": (pa.array([area for _, area in places], pa.string()), nothing),
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


def place(number: str | None) -> tuple[str | None, str | None]:
    """Tell the country (ISO 3166 alpha-2) and area code of an E.164 number; nulls where it does not tell."""
    return _place(_representative(number)) if number else (None, None)


def _representative(number: str) -> str:
    """Name a number with the same country and area code: same NANP area code, or same all but the last four digits.

    Short numbers are read as they are: in some countries their last digits still tell the place.
    """
    if len(number) == 12 and number.startswith("+1") and number[5] in "23456789":
        return number[:5] + "2345678"
    return number[:-4] + "0000" if len(number) >= 12 else number


@lru_cache(maxsize=200_000)
def _place(number: str) -> tuple[str | None, str | None]:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None, None
    country = phonenumbers.region_code_for_number(parsed)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == 1 and country and phonenumbers.number_type(parsed) in _PLACED_TYPES:
        digits = 3  # libphonenumber gives mobile numbers none, but the NANP islands have one area code for both
    area = phonenumbers.national_significant_number(parsed)[:digits]
    return country, area or None
