"""Seeded chance: the same seed and name always throw the same numbers, whatever was thrown before.

Every hour to come and every answer has dice of its own, so the world does not depend on how its clock moves.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def dice(seed: int, *name: object) -> Random:
    """Return the generator that belongs to `name` in the world of `seed`."""
    return Random(" ".join(map(str, (seed, *name))))


def weighted(table: Mapping[Choice, float]) -> Callable[[Random], Choice]:
    """Return a function that draws a key of `table`, each as often as its weight says."""
    choices = list(table)
    bounds = list(accumulate(table.values()))

    def draw(rng: Random) -> Choice:
        return choices[bisect(bounds, rng.random() * bounds[-1])]

    return draw


def draw_uuid(rng: Random) -> str:
    """Return a version 4 UUID as text."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
