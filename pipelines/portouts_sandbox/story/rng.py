"""Seeded random generators: a seed and a name always give the same numbers, whatever else was drawn before.

Each hour of arrivals and each answer has its own generator, so the world does not depend on how its clock is moved.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def rng_for(seed: int, *name: object) -> Random:
    """Return the generator called `name` in the world of `seed`."""
    return Random(" ".join(map(str, (seed, *name))))


def weighted_choice(weights: Mapping[Choice, float]) -> Callable[[Random], Choice]:
    """Return a function that draws a key of `weights` with a probability proportional to its weight."""
    choices = list(weights)
    bounds = list(accumulate(weights.values()))

    def draw(rng: Random) -> Choice:
        return choices[bisect(bounds, rng.random() * bounds[-1])]

    return draw


def draw_hours(rng: Random, least: float, most: float) -> timedelta:
    """Return a time between two numbers of hours, in whole milliseconds."""
    return timedelta(milliseconds=int(rng.uniform(least, most) * 3_600_000))


def draw_uuid(rng: Random) -> str:
    """Return a version 4 UUID as text."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
