from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from reference_implementation.inventory import numbers_of, ported_numbers
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row

BREAKDOWNS = {"all": None, "country": "country_code", "type": "number_type"}
DAY = timedelta(days=1)


class Tenure(NamedTuple):
    """A number: the ages at which its observation begins and ends, and whether it was ported then."""

    number: Row
    first_day: int
    last_day: int
    is_ported: bool


def rows(known: Known) -> list[Row]:
    lists = [reading["read_at"] for reading in known.readings if reading["is_proven"]]
    if not lists:
        return []
    numbers = numbers_of(known.readings)
    ported_at: dict[str, datetime] = {}
    for one in ported_numbers(known.marts, numbers):
        if one["number"]:
            id_, at = one["number"]["phone_number_id"], one["order"]["ported_at"]
            ported_at[id_] = min(at, ported_at.get(id_, at))
    tenures = [
        tenure
        for number in numbers
        if (tenure := _tenure(number, ported_at.get(number["phone_number_id"]), min(lists), max(lists)))
    ]
    return [
        {"breakdown": breakdown, "value": value, **step}
        for breakdown, field in BREAKDOWNS.items()
        for value, members in _groups(tenures, field).items()
        for step in _curve(members)
    ]


def _tenure(number: Row, ported_at: datetime | None, first: datetime, last: datetime) -> Tenure | None:
    begins_at = number["in_service_from"]
    if not begins_at or begins_at > last:
        return None
    if ported_at is None and number["left_how"] == "ported-out":
        ported_at = number["left_at"]
    ends_at = min(ported_at or number["left_at"] or last, last)
    if ends_at < first:
        return None
    first_day = max(first - begins_at, timedelta()) // DAY
    return Tenure(number, first_day, (ends_at - begins_at) // DAY, ported_at is not None and ported_at <= last)


def _groups(tenures: Sequence[Tenure], field: str | None) -> dict[str, list[Tenure]]:
    groups: dict[str, list[Tenure]] = {}
    for tenure in tenures:
        groups.setdefault((tenure.number[field] or "unknown") if field else "all", []).append(tenure)
    return groups


def _curve(tenures: Sequence[Tenure]) -> list[Row]:
    """Walk from the youngest age to the oldest; numbers come under observation and leave it."""
    coming = Counter(tenure.first_day for tenure in tenures)
    going = Counter((tenure.last_day, tenure.is_ported) for tenure in tenures)
    observed, share, steps = 0, Fraction(1), []
    for day in sorted({*coming, *(last_day for last_day, _ in going)}):
        observed += coming[day]
        ported, censored = going[day, True], going[day, False]
        if ported or censored:
            share *= Fraction(observed - ported, observed)
            steps.append(
                {
                    "days": day,
                    "at_risk": observed,
                    "ported": ported,
                    "censored": censored,
                    "still_held_share": float(share),
                }
            )
        observed -= ported + censored
    return steps
