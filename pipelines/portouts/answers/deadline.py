"""Finds when an order's current pending spell began. The deadline, when Telnyx authorises the order, depends on it.

The rules are those of `marts.fct_responses`: the first spell begins at `inserted_at`, a later one at the event that
made the order pending again. If that event is missing, the spell begins when the published file first shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from portouts.answers.order import PENDING, OrderEvent


class SpellStart(NamedTuple):
    """When a pending spell began; if the time is not exact, it began then or later."""

    at: datetime | None
    is_exact: bool


def spell_start(inserted_at: datetime | None, events: Sequence[OrderEvent], held_at: datetime | None) -> SpellStart:
    """Return when a pending order became pending; `held_at` is the time that the published file shows."""
    statuses = [(event.created_at, event.status) for event in events if event.status and event.created_at]
    other_at = max((at for at, status in statuses if status != PENDING), default=None)
    if not statuses:
        return SpellStart(held_at or inserted_at, is_exact=True)
    if other_at is None:
        return SpellStart(inserted_at, is_exact=True)
    # If two statuses have the same time, the current status is the later one.
    reopened_at = min((at for at, status in statuses if status == PENDING and at >= other_at), default=None)
    if reopened_at:
        return SpellStart(reopened_at, is_exact=True)
    if held_at and held_at >= other_at:
        return SpellStart(held_at, is_exact=True)
    return SpellStart(other_at, is_exact=False)
