from __future__ import annotations

from reference_implementation.inventory import numbers_of
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row


def rows(known: Known) -> list[Row]:
    return numbers_of(known.readings)
