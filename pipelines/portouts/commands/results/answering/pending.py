"""Prints the pending orders in lines that fit the screen, and the age of the published file.

The carrier comes last, because its name may be long or written from right to left. On a narrow screen, the id gets a
line of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portouts.commands.results.answering.order import short_hours
from portouts.commands.terminal.output import print_result
from portouts.names import LENGTH, columns, label

if TYPE_CHECKING:
    from portouts.report.pending import PendingOrder, PendingOrders

HEADINGS = ("LEFT", "DEADLINE UTC", "KEY", "NO.", "ID", "CARRIER")
LEAST_CARRIER = 24  # screen columns that a name needs beside the id
NOTHING = "–"
STYLES = {"overdue": "bold red", "critical": "red", "soon": "yellow"}
Cells = tuple[str, ...]


def print_pending(pending: PendingOrders, *, as_json: bool) -> None:
    """Print the pending orders, most urgent first."""
    if pending.orders and not as_json:
        _print_table(pending.orders)
    print_result(_summary(pending), pending, as_json=as_json)


def _print_table(orders: Sequence[PendingOrder]) -> None:
    from rich.console import Console

    has_accounts = len({order.account for order in orders}) > 1
    rows = [HEADINGS, *(_cells(order, has_accounts=has_accounts) for order in orders)]
    widths = [max(map(columns, cells)) for cells in list(zip(*rows, strict=True))[:-1]]
    console = Console(highlight=False)  # uses colours on a terminal only
    for row, urgency in zip(rows, [None, *(order.urgency for order in orders)], strict=True):
        for line in _lines(row, widths, shutil.get_terminal_size().columns):
            console.print(line, style=STYLES.get(urgency or ""), markup=False, emoji=False, soft_wrap=True)


def _lines(row: Cells, widths: Sequence[int], screen: int) -> Iterator[str]:
    """Yield the line of one order, or two lines if the id does not fit."""
    *figures, portout_id, carrier = [
        cell + " " * (width - columns(cell)) for cell, width in zip(row, [*widths, 0], strict=True)
    ]
    room = screen - sum(widths) - 2 * len(widths)
    if room >= LEAST_CARRIER:
        yield "  ".join([*figures, portout_id, label(carrier, room)])
        return
    room += widths[-1] + 2
    yield "  ".join([*figures, label(carrier, max(room, LEAST_CARRIER))])
    if row is not HEADINGS:
        yield f"{' ' * widths[0]}  {portout_id}"


def _cells(order: PendingOrder, *, has_accounts: bool) -> Cells:
    account = f"{order.account}: " if has_accounts else ""
    return (
        NOTHING if order.hours_left is None else short_hours(order.hours_left),
        f"{order.deadline_at.astimezone(UTC):%m-%d %H:%M}" if order.deadline_at else NOTHING,
        label(order.support_key, 12) or NOTHING,
        str(order.number_count),
        label(order.portout_id, 40) or NOTHING,
        f"{account}{label(order.carrier_name, LENGTH) or NOTHING}",
    )


def _summary(pending: PendingOrders) -> str:
    count = len(pending.orders)
    waiting = "No order waits" if not count else "1 order waits" if count == 1 else f"{count} orders wait"
    overdue = sum(order.urgency == "overdue" for order in pending.orders)
    late = f", {overdue} of them overdue" if overdue else ""
    return (
        f"{waiting} for an answer{late}. {pending.database} is as of {_instant(pending.as_of)}, "
        f"{short_hours(pending.age_hours)} ago.{' `portouts show ID` shows one as it is now.' if count else ''}"
    )


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
