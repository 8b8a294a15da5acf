"""Prints the state of the published file in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from portouts.commands.results.answering.order import short_hours
from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note
from portouts.report.gates import Gate
from portouts.report.status import AccountStatus, Status

AXES = {"inserted_at": "orders", "ported_out_at": "port-outs", "created_at": "events"}


class _Gates(msgspec.Struct, omit_defaults=True):
    """The last part of the result, if a gate was given."""

    gates: Sequence[Gate] = ()


def print_status(status: Status, gates: Sequence[Gate] = (), *, as_json: bool) -> None:
    """Print the state of the published file, and the gates."""
    lines = [*_lines(status), *(f"{_option(gate)}: {gate.reason}" for gate in gates if gate.holds)]
    print_result("\n".join(lines), status, _Gates(gates), as_json=as_json)


def note_gates(gates: Sequence[Gate]) -> None:
    """Report on standard error which gates do not hold."""
    note([f"{_option(gate)} does not hold: {gate.reason}." for gate in gates if not gate.holds])


def _option(gate: Gate) -> str:
    return f"--{gate.gate.replace('_', '-')} {gate.limit_hours:g}h"


def _lines(status: Status) -> Iterator[str]:
    proven = "" if status.is_proven else ", NOT PROVEN"
    yield f"{status.database}: as of {status.as_of.isoformat()}, {short_hours(status.age_hours)} ago{proven}"
    yield ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in status.counts.items())
    if status.accounts is not msgspec.UNSET:
        yield from map(_account_line, status.accounts)
    if status.inventory is not msgspec.UNSET:
        yield _inventory_line(status.inventory)
    if status.time_zone_data:
        yield f"time zone data: {status.time_zone_data}"
    if status.content_checksum is not msgspec.UNSET:
        is_certified = status.content_checksum is not None
        yield "read whole: as it was published" if is_certified else "read whole; no certificate names its contents"
    if status.verification:
        yield _verification_line(status.verification)
    yield from _coverage_lines(status)
    for axis, gaps in status.gaps.items():
        yield from (f"GAP in {axis}: {_text_of(gap)}" for gap in gaps)


def _coverage_lines(status: Status) -> Iterator[str]:
    """Yield what was read and up to when, in one line for all that has the same ranges."""
    names: dict[str, list[str]] = {}
    for axis, ranges in status.covered.items():
        names.setdefault(" and ".join(map(_text_of, ranges)), []).append(AXES.get(axis, axis))
    for ranges_as_text, axes in names.items():
        yield f"complete: {', '.join(axes)} from {ranges_as_text}"


def _account_line(account: AccountStatus) -> str:
    failed = f"; FAILED at {account.failed_at.isoformat()}: {account.failure}" if account.failed_at else ""
    if account.as_of is None or account.age_hours is None:
        return f"account {account.account}: never read{failed}"
    proven = "" if account.is_proven else ", NOT PROVEN"
    as_of = f"as of {account.as_of.isoformat()}, {short_hours(account.age_hours)} ago{proven}"
    return f"account {account.account}: {account.orders} orders {as_of}{failed}"


def _inventory_line(inventory: dict[str, Any]) -> str:
    counts = {status: count for status, count in inventory["counts"].items() if count}
    listed = ", ".join(f"{count} {status}" for status, count in counts.items() if status != "all")
    if inventory["read_at"] is None:
        read = "the list was not read yet"
    else:
        proven = "" if inventory["is_proven"] else ", NOT PROVEN"
        read = f"list of {inventory['read_at'].isoformat()}{proven}"
    return f"inventory: {counts.get('all', 0)} numbers ({listed}); {read}"


def _verification_line(verification: dict[str, Any]) -> str:
    return (
        f"verified ({verification['depth']}): {verification['verdict']}, {verification['orders']} orders as of "
        f"{verification['as_of'].isoformat()}, {verification['differences']} differed, "
        f"{verification['repaired']} repaired"
    )


def _text_of(window: tuple[datetime, datetime]) -> str:
    start, end = window
    return f"{start.isoformat()} to {end.isoformat()}"
