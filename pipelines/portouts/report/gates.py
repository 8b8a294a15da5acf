"""The gates of `status`: how old the published file may be, and how long an order may wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from portouts.names import label
from portouts.report.pending import PendingOrder, PendingOrders

MOST_NAMED = 3


class Gate(msgspec.Struct):
    """One gate, as `status --json` shows it."""

    gate: str
    limit_hours: float
    holds: bool
    reason: str
    """What was found; also set if the gate holds."""


def check_gates(
    pending: PendingOrders, now: datetime, max_age: timedelta | None, max_pending_age: timedelta | None
) -> list[Gate]:
    """Compare the published file with the limits that were given."""
    return [
        *([_age(pending, now, max_age)] if max_age else []),
        *([_pending_age(pending, max_pending_age)] if max_pending_age else []),
    ]


def _age(pending: PendingOrders, now: datetime, most: timedelta) -> Gate:
    found = f"the last published sync is as of {_instant(pending.as_of)}, {pending.age_hours} h ago"
    return Gate("max_age", _hours(most), holds=now - pending.as_of <= most, reason=found)


def _pending_age(pending: PendingOrders, most: timedelta) -> Gate:
    late = [order for order in pending.orders if order.pending_hours is not None and order.pending_hours > _hours(most)]
    if not late:
        return Gate("max_pending_age", _hours(most), holds=True, reason="no order has been pending for longer")
    late.sort(key=lambda order: -(order.pending_hours or 0))
    more = f", and {len(late) - MOST_NAMED} more" if len(late) > MOST_NAMED else ""
    orders = "1 order has" if len(late) == 1 else f"{len(late)} orders have"
    named = ", ".join(_named(late[:MOST_NAMED]))
    return Gate("max_pending_age", _hours(most), holds=False, reason=f"{orders} been pending for longer: {named}{more}")


def _named(orders: list[PendingOrder]) -> Iterator[str]:
    for order in orders:
        key = f" ({label(order.support_key, 20)})" if order.support_key else ""
        yield f"{label(order.portout_id, 40)}{key} for {order.pending_hours:.1f} h"


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
