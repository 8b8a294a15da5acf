"""Prints the results of `alerts`: which receivers got a test message, and what alerts find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portouts.commands.terminal.output import print_result

if TYPE_CHECKING:
    from portouts.commands.jobs.alerts import Preview
    from portouts.monitor.alerts.receivers import Delivery


def print_deliveries(deliveries: Sequence[Delivery], *, as_json: bool) -> None:
    """Print each receiver, named by scheme and host, and what went wrong there."""
    print_result("\n".join(map(str, deliveries)), {"receivers": deliveries}, as_json=as_json)


def print_preview(found: Preview, *, as_json: bool) -> None:
    """Print all findings."""
    alerts = [
        {"name": alert.name, "title": alert.title, "findings": [one.line for one in alert.findings]}
        for alert in found.alerts
    ]
    print_result("\n".join(_lines(found)), {"as_of": found.as_of, "alerts": alerts}, as_json=as_json)


def _lines(found: Preview) -> Iterator[str]:
    if not found.alerts:
        yield f"Alerts find nothing as of {found.as_of.isoformat(timespec='seconds')}."
    for place, alert in enumerate(found.alerts):
        yield from ([""] if place else [])
        yield alert.title
        yield from (f"- {one.line}" for one in alert.findings)
