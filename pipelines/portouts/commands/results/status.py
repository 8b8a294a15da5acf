"""What `status` prints: what the published file shows about itself, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from portouts.commands.terminal.output import print_result
from portouts.report.status import Status


def print_status(status: Status, *, as_json: bool) -> None:
    """Print what the published file shows about itself."""
    print_result("\n".join(_lines(status)), status, as_json=as_json)


def _lines(status: Status) -> Iterator[str]:
    proven = "" if status.is_proven else ", NOT PROVEN"
    yield f"{status.database}: as of {status.as_of.isoformat()}, {status.age_hours} h ago{proven}"
    yield ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in status.counts.items())
    if status.time_zone_data:
        yield f"time zone data: {status.time_zone_data}"
    if status.content_checksum is not msgspec.UNSET:
        is_certified = status.content_checksum is not None
        yield "read whole: as it was published" if is_certified else "read whole; no certificate names its contents"
    if status.verification:
        yield _verification_line(status.verification)
    for axis, ranges in status.covered.items():
        yield from (f"covered by {axis}: {_text_of(covered)}" for covered in ranges)
        yield from (f"GAP in {axis}: {_text_of(gap)}" for gap in status.gaps[axis])


def _verification_line(verification: dict[str, Any]) -> str:
    return (
        f"verified ({verification['depth']}): {verification['verdict']}, {verification['orders']} orders as of "
        f"{verification['as_of'].isoformat()}, {verification['differences']} differed, "
        f"{verification['repaired']} repaired"
    )


def _text_of(window: tuple[datetime, datetime]) -> str:
    start, end = window
    return f"{start.isoformat()} to {end.isoformat()}"
