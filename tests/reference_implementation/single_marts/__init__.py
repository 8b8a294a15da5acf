"""Marts of which each has a module of its own, named after it, with a function `rows`.

A new mart needs nothing but its module here: `compute` finds it. The modules run in the order of their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from reference_implementation.terms import Row, Terms

if TYPE_CHECKING:
    from reference_implementation.histories import History


@dataclass(frozen=True)
class Known:
    """What the rows of a mart are computed from: the orders, the settings, and the marts so far."""

    histories: list[History]
    terms: Terms
    marts: dict[str, list[Row]]
    readings: Sequence[Row] = ()
    """What the list of numbers showed: when, whether that is proven, and the numbers."""
    customer_values: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of orders and numbers in the user's list."""


def compute(known: Known) -> None:
    """Add the rows of each module to the marts."""
    for name in sorted(module.name for module in iter_modules(__path__)):
        known.marts[name] = import_module(f"{__name__}.{name}").rows(known)
