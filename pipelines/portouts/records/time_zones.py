"""Time zones by the rules of the package tzdata, for queries and for models; never by the rules of the system.

A system can have rules that are years old, and DuckDB has its own. Days by two sets of rules would differ. So zones are
read from the package only, and models join a table of their UTC offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

PACKAGE = "tzdata"
WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)
YEAR_ONE, YEAR_LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class UtcOffset(NamedTuple):
    """One period with a constant UTC offset: `[starts_at, ends_at)`, and the same in local time.

    A local time that occurs twice, when clocks go back, belongs to the period before the change. A local time that does
    not exist, when clocks go forward, belongs to the period before the change, too.
    """

    time_zone: str
    starts_at: datetime
    ends_at: datetime
    local_starts_at: datetime
    local_ends_at: datetime
    utc_offset_seconds: int


@cache
def rules_version() -> str:
    """Return the release of the time zone database in use, such as 2026a."""
    first_line = _read("zoneinfo", "tzdata.zi").splitlines()[0]
    return first_line.removeprefix("# version ")


@cache
def known_zones() -> frozenset[str]:
    """Return the IANA names that the package contains."""
    return frozenset(_read("zones").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the rules of one zone; raises `ValueError` for a name that the package does not contain."""
    if name not in known_zones():
        raise ValueError(f"tzdata {rules_version()} knows no time zone {name!r}")
    with files(PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def zones_of_country() -> dict[str, tuple[str, ...]]:
    """Return the zones of each ISO 3166 country; the zone of most of the country is first."""
    lines = [line.split("\t") for line in _read("zoneinfo", "zone.tab").splitlines() if not line.startswith("#")]
    found: dict[str, tuple[str, ...]] = {}
    for country, _, name, *_remarks in sorted(lines, key=lambda line: "most of" not in line[-1]):
        found[country] = (*found.get(country, ()), name)
    return found


def country_of_zone(name: str) -> str | None:
    """Return the country of a zone; None for UTC and similar zones, and for former names."""
    return next((country for country, zones in zones_of_country().items() if name in zones), None)


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    """Return how far a zone is ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def utc_offsets(name: str, first: datetime, last: datetime) -> list[UtcOffset]:
    """List the offsets of a zone between two instants, in order; the first begins in year 1, the last ends in 9999."""
    zone = time_zone(name)
    changes = list(_changes(zone, first, last))
    offsets = [offset_at(zone, first), *(offset_at(zone, change) for change in changes)]
    local_changes = [
        (change + max(before, after)).replace(tzinfo=None)
        for change, (before, after) in zip(changes, pairwise(offsets), strict=True)
    ]
    return [
        UtcOffset(name, starts_at, ends_at, local_starts_at, local_ends_at, int(offset.total_seconds()))
        for (starts_at, ends_at), (local_starts_at, local_ends_at), offset in zip(
            pairwise([YEAR_ONE, *changes, YEAR_LAST]),
            pairwise([YEAR_ONE.replace(tzinfo=None), *local_changes, YEAR_LAST.replace(tzinfo=None)]),
            offsets,
            strict=True,
        )
    ]


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """Find the instants at which the offset changes. No zone has ever changed it twice in a week."""
    before, old = first, offset_at(zone, first)
    while before < last:
        after = before + WEEK
        new = offset_at(zone, after)
        if new != old:
            yield _find_change(zone, before, after)
        before, old = after, new


def _find_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the second at which the offset of `before` ends."""
    old = offset_at(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if offset_at(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _read(*path: str) -> str:
    return files(PACKAGE).joinpath(*path).read_text(encoding="utf-8")
